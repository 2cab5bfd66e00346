"""The runtime of the simulated world: what the loop asks of it, and whether it may ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Runtime, Seen, Started
from tests.core.world import NOBODY, Decided, Name, World


class SimRuntime(Runtime):
    """A `Runtime` for the world; facts that it has not delivered are lost when it dies."""

    name = "process"
    engine_id = ""
    image_digest = None

    def __init__(self, world: World) -> None:
        self.world = world
        self.watched: set[Name] = set()
        self.arrived: list[Fact] = []
        world.runtime = self

    def prepare(self, jobs: Sequence[Any]) -> None: ...
    def fileno(self) -> int:
        return -1

    def next_wake(self) -> float | None:
        return None

    def close(self) -> None: ...
    def forget(self, job: str, attempt: int) -> None:
        self.world.maybe_die()
        if not any(
            isinstance(e, ev.AttemptEnded) and (e.job, e.attempt) == (job, attempt)
            for e in self.world.durable
        ):
            self.world.broken(f"{job}.{attempt} is forgotten before its end is on disk")

    def start_waiting(self, batch: Sequence[Launch]) -> None:
        """What waits ends with its executor, and does nothing without a launch."""
        self.world.maybe_die()
        for launch in batch:
            if (launch.job, launch.attempt) in self.world.procs:
                self.world.broken(f"{launch.job}.{launch.attempt} is about to be started twice")

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:
            self.world.maybe_die()
            name = (launch.job, launch.attempt)
            self.watched.add(name)
            self._check_decided(ev.AttemptScheduled, name)
            self._check_own(name)
            if not set(launch.gpus) <= self.world.listed:
                self.world.broken(f"{name} is launched on {launch.gpus}, which is not listed")
            if self.world.rng.random() < 0.1:
                self.arrived.append(Queued(*name, "image is being pulled"))
            proc = self.world.procs.get(name)
            if proc is not None and proc.handle != NOBODY:
                self.world.tell(Started(*name, proc.handle))
                if proc.ended is not None:
                    self.world.tell(self.world.end_of(proc))
            else:
                self.world.spawn(launch)
        self.world.maybe_die()

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        self.world.maybe_die()
        self._check_decided(ev.KillRequested if kill else ev.StopRequested, (job, attempt))
        self._check_own((job, attempt))
        self.world.marked.add((job, attempt))
        self.world.maybe_die()
        return self.world.signal((job, attempt), kill)

    def _check_own(self, name: Name) -> None:
        """Nothing is asked or done about a process of another run directory."""
        proc = self.world.procs.get(name)
        if proc is not None and proc.place != self.world.place:
            self.world.broken(f"{name} is of the place that was left, and is touched")

    def _check_decided(self, kind: Decided, name: Name) -> None:
        for event in reversed(self.world.durable):
            if isinstance(event, kind) and (event.job, event.attempt) == name:
                return
        self.world.broken(f"{kind.__name__} of {name} is performed and is not on disk")

    def hold(self, held: bool) -> None:
        self.world.maybe_die()

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        found = []
        for job, attempt, _ in attempts:
            name = (job, attempt)
            self._check_own(name)
            proc = self.world.procs.get(name)
            if proc is None and name in self.world.queue:
                self.watched.add(name)
                found.append(Seen("queued"))
            elif proc is None:
                found.append(Seen("never"))
            elif proc.handle == NOBODY:
                found.append(Seen("forfeited"))
            elif proc.ended is None or proc.source is not None:
                # As the one of SLURM: it says first what a requeued task goes on from, and its end
                # as a fact.
                self.watched.add(name)
                if proc.ended is not None:
                    self.world.tell(self.world.end_of(proc))
                found.append(
                    Seen(
                        "alive",
                        handle=proc.handle,
                        restart=proc.restart or None,
                        source=proc.source,
                    )
                )
            elif proc.coded:
                found.append(Seen("ended", ended=self.world.end_of(proc)))
            else:
                found.append(Seen("gone"))
        return found

    def forfeit(self, job: str, attempt: int) -> bool:
        self.world.maybe_die()
        name = (job, attempt)
        self._check_own(name)
        proc = self.world.procs.get(name)
        if proc is None:
            self.world.procs[name] = self.world.nobody(name)
            return True
        self.watched.add(name)
        if proc.ended is not None and proc.handle != NOBODY:
            self.world.tell(self.world.end_of(proc))
        return proc.handle == NOBODY

    def facts(self) -> list[Fact]:
        arrived, self.arrived = self.arrived, []
        self.world.rng.shuffle(arrived)
        return [fact for told in arrived for fact in (*self._noted_before(told), told)]

    def _noted_before(self, fact: Fact) -> list[Fact]:
        """The last start of a requeued task: its attempt file has it before the end."""
        proc = self.world.procs.get((fact.job, fact.attempt))
        if not isinstance(fact, Ended) or proc is None or proc.source is None:
            return []
        return [Started(*proc.name, proc.handle, restart=proc.restart, source=proc.source)]


def launch_of(job: JobState, attempt: Attempt) -> Launch:
    return Launch(
        job.spec.id,
        attempt.number,
        job.spec.argv,
        {},
        Path(),
        Path(),
        Path(),
        attempt.gpus,
        job.spec,
    )
