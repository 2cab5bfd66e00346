"""The threads that read for the simulated executor: one for each workspace, some very late.

Questions, answers and rules are the real ones; the threads are the agenda of the world.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.executor import continuing
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.journal.events import Source
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.continuing import Continuation, answer
from pbt_tui.observe.continuing.candidate import Place
from pbt_tui.observe.continuing.newest import choose
from pbt_tui.populations import STYLES, Saved
from pbt_tui.spec import merged
from tests.core import sim_reading
from tests.core.workspaces import SimWorkspace

if TYPE_CHECKING:
    from tests.core.population_world import PopulationWorld, SimPopulation
    from tests.core.world import Proc

Key = tuple[str, int, int]
"""Job, attempt, and the event after which it is asked: a question."""


class SimAsker:
    """What `executor.reader_threads` is for a run: it asks, and has the answers."""

    def __init__(self, world: PopulationWorld, state: RunState) -> None:
        self._world, self._state = world, state
        self._executor = world.executors
        self._newest: dict[str, int] = {}
        self._queues: dict[str, deque[tuple[Key, float]]] = {}
        self._arrived: list[ev.ContinuationKnown] = []

    def ask(self, jobs: Iterable[JobState]) -> None:
        for job in jobs:
            if self._newest.get(job.spec.id) == job.question:
                return
            self._newest[job.spec.id] = job.question
            self._world.truth.asked[job.spec.id] = self._world.now
            self._enter((job.spec.id, len(job.attempts) + 1, job.question), self._world.now)

    def answers(self) -> list[ev.ContinuationKnown]:
        arrived, self._arrived = self._arrived, []
        return arrived

    def make_ready(self, job: JobState, attempt: int) -> None:
        if job.spec.id in self._world.members and job.attempts[attempt - 1].anew:
            self._world.maybe_die()
            self._world.move_aside(job.spec.id, attempt)
            self._world.maybe_die()

    # -- a thread for each workspace -------------------------------------------------------------

    def _enter(self, key: Key, since: float) -> None:
        population, _ = self._world.members[key[0]]
        queue = self._queues.setdefault(population.id, deque())
        queue.append((key, since))
        if len(queue) == 1:
            self._next(population)

    def _next(self, population: SimPopulation) -> None:
        rng = self._world.rng
        delay = rng.choice((0.0, 0.001, rng.random() * 0.5))
        self._world.at(self._world.now + delay, lambda: self._read(population))

    def _read(self, population: SimPopulation) -> None:
        """Reads the disk as it is now. The answer may come much later."""
        if self._world.executors != self._executor:
            return
        queue, rng = self._queues[population.id], self._world.rng
        key, since = queue[0]
        found = self._answer(key, since)
        delay = rng.choice((0.0, 0.001, 0.001, 0.001, rng.random() * 20))

        def told() -> None:
            queue.popleft()
            if found.again_after is None:
                self._arrived.append(continuing.answered(*key, found))
            elif self._newest[key[0]] == key[2]:
                wake = self._world.now + found.again_after
                self._world.at(wake, lambda: self._enter(key, since))
            if queue:
                self._next(population)

        self._world.at(self._world.now + delay, told)

    def _answer(self, key: Key, since: float) -> Continuation:
        world, state = self._world, self._state
        population, _ = world.members[key[0]]
        job = state.by_id[key[0]]
        spec = next(p for p in state.spec.populations if p.id == population.id)
        path = Path(f"/p{world.place}/t")
        asked = continuing.question(state, RunDir.of(path, "r"), spec, job)
        sim_reading.mount(seen(population), asked.recorded, world.now)
        history = world.history.of(population.id)
        return answer(asked._replace(kept=None, history=history, waited=world.now - since))


def seen(population: SimPopulation) -> SimWorkspace:
    """What a reader reads: the disk as it is now."""
    return population.workspace


def on_disk(population: SimPopulation) -> SimWorkspace:
    """What a requeued task reads: the disk as it is now."""
    return population.workspace


def requeued(world: PopulationWorld, proc: Proc) -> tuple[tuple[str, ...], Source | None] | None:
    """Command and source of a task that its queue starts again: the task reads the disk by itself.

    The executor has chosen among what was there; the task looks for what was written since. None:
    there was a generation, and none is whole, so that the task ends.
    """
    population, member = world.members[proc.name[0]]
    style = STYLES.get(population.style)
    argv = world.argv[proc.name[0]]
    first, floor = world.first[proc.name]
    place = Place(Path("/requeued"), member, style, {})
    sim_reading.mount(on_disk(population), place.workspace, world.now)
    reading = sim_reading.read(place, 4096)
    choice = choose(reading, (), (), None)
    chosen = choice.chosen
    if chosen is None or chosen.written <= floor:
        chosen = next((c for c in reading.usable if c.source.checkpoint == first), chosen)
    if chosen is None or style.recipe is None:
        return None if any(file.complete for file in choice.rejected) else (argv, None)
    source = chosen.source
    saved = Saved(source.checkpoint or "", source.experiment_name or "", chosen.params)
    return merged(argv, style.recipe(argv, saved).args), source


def newest_time(world: PopulationWorld, job: str) -> int:
    """When the newest metadata of a member was written; 0 where there is none."""
    population, member = world.members[job]
    files = [pair.metadata for _, pair in population.workspace.pairs(member)]
    return max((int(file.at * 1e9) for file in files if file is not None), default=0)
