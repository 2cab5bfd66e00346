"""One life of a run with populations whose members continue: seeds, requests, and what is read."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace

import msgspec

from pbt_tui.executor.launching import command_of
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import ENDED, Attempt, JobState, RunState
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Job, Policy, Processes
from tests.core import simulation
from tests.core import world as w
from tests.core.population_world import PopulationWorld, SimPopulation
from tests.core.sim_asker import SimAsker
from tests.core.sim_runtime import launch_of
from tests.core.trainers import Habits

POLL = 2.0
"""Seconds between two polls of the workspaces for the history."""
OTHER_CLOCKS = "PBT_OTHER_CLOCKS" in os.environ
"""Whether directories move on file servers with other clocks, too: the time of a move is that of
the executor's clock, and files written around it can be taken for older or newer ones."""
_INDEX = {"isaacgymenvs": "pbt.policy_idx", "isaaclab": "agent.pbt.policy_idx"}


class PopulationLife(simulation.Life):
    """A life in which every population continues, and directories are copied and moved more."""

    world: PopulationWorld
    cuts = (0,)
    has_groups = False

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.until = 1240.0
        self.moves = random.Random(seed) if seed % 3 == 0 else None
        self.brute = seed % 16 == 0
        if self.moves is not None and not OTHER_CLOCKS:
            self.world.server_clock = 0.0

    def make_world(self, rng: random.Random, chaos: w.Chaos) -> PopulationWorld:
        chaos.death = min(chaos.death, 0.05)
        chaos.fail, chaos.crash, chaos.requeue = 0.3, rng.choice((0.01, 0.03, 0.08)), 0.4
        return PopulationWorld(rng, chaos)

    def make_policy(self) -> Policy:
        rng = self.rng
        return msgspec.structs.replace(
            super().make_policy(),
            max_parallel=rng.choice((4, 8)),
            retries=rng.choice((0, 1, 3, 10, 10)),
            retry_on=rng.choice((("lost", "oom", "signal"), ("exit", "lost", "signal", "timeout"))),
            retry_delay=rng.choice((0.0, 1.0)),
            timeout=rng.choice((None, None, None, 60.0)),
            max_failures=rng.choice((None, None, None, 3)),
            fail_fast=rng.random() < 0.05,
        )

    def make_spec(self) -> Processes:
        made = super().make_spec()
        while not made.populations:
            made = super().make_spec()
        styles = {p.id: self.rng.choice(tuple(_INDEX)) for p in made.populations}
        for population in made.populations:
            habits = Habits.drawn(self.rng, styles[population.id])
            self.world.add(
                SimPopulation(population.id, styles[population.id], population.members, habits)
            )
        made = msgspec.structs.replace(
            made,
            populations=tuple(
                msgspec.structs.replace(p, style=styles[p.id]) for p in made.populations
            ),
            jobs=tuple(
                _trains(job, styles[job.population]) if job.population else job for job in made.jobs
            ),
        )
        self.world.argv = {job.id: job.argv for job in made.jobs}
        return made

    # -- the executor ----------------------------------------------------------------------------

    def continues(self) -> tuple[str, ...]:
        return tuple(p.id for p in self.spec.populations)

    def begins(self, state: RunState) -> None:
        self.world.looks_again(calm=self.calm)
        self._poll(self.world.executors)

    def _poll(self, executor: int) -> None:
        """The sampler of one executor: it dies with it."""
        if self.world.executors == executor and not self.world.violations:
            self.world.poll()
            self.world.at(self.world.now + POLL, lambda: self._poll(executor))

    def launch_of(self, job: JobState, attempt: Attempt) -> Launch:
        return replace(launch_of(job, attempt), argv=command_of(job.spec, attempt))

    def asker(self, state: RunState) -> SimAsker:
        return SimAsker(self.world, state)

    def live(self) -> list[str]:
        super().live()
        if not self.world.violations:
            self._check_tries()
        return self.world.violations

    def _check_tries(self) -> None:
        """No member is given up that got further since it failed last, as often as it may fail."""
        state = RunState(self.spec)
        failures: Counter[str] = Counter()
        lives, firsts = self.world.truth.lives, self.world.truth.firsts
        for event in self.world.durable:
            match event:
                case ev.AttemptScheduled(job=job, attempt=number) if number > 1:
                    last, now = lives.get((job, number - 1)), firsts.get((job, number))
                    if last and now and (now.began or 0) > (last.began or 0):
                        failures[job] = 0
                case ev.RequestAccepted(action="retry"):
                    for job in event.jobs or tuple(state.by_id):
                        phase = state.by_id[job].phase
                        if phase in ENDED or (event.jobs and phase == "waiting"):
                            failures[job] = 0
                case _:
                    pass
            apply(state, event)
            if isinstance(event, ev.AttemptEnded) and event.job in self.world.members:
                failures[event.job] += event.outcome not in ("succeeded", "interrupted")
                given_up = state.by_id[event.job].phase == "failed"
                if (
                    given_up
                    and event.cause in state.policy.retry_on
                    and failures[event.job] <= state.policy.retries
                ):
                    self.world.broken(f"{event.job} is given up, although it got further")

    def counts(self) -> Counter[str]:
        """What happened in this life."""
        world = self.world
        return Counter(
            {
                "continued": world.truth.continued,
                "refused": world.truth.refused,
                "from scratch": sum(event.anew for event, _ in world.truth.scheduled.values()),
                "requeued": sum(proc.restart for proc in world.procs.values()),
                "moved or copied": world.moves - world.refused_moves,
                "moves refused": world.refused_moves,
                "executors killed": world.deaths,
                "generations": world.truth.generations,
                "events": self.events,
            }
        )

    # -- people ----------------------------------------------------------------------------------

    def somebody_asks(self) -> None:
        rng = self.rng
        if rng.random() < 0.04:
            job = rng.choice([j for p in self.spec.populations for j in p.members])
            self.ask("retry", jobs=(job,), anew=True)
        elif rng.random() < 0.3:
            self.ask("retry", jobs=(rng.choice(self.spec.jobs).id,))
        else:
            super().somebody_asks()


def _trains(job: Job, style: str) -> Job:
    argv = ("train.py", f"{_INDEX[style]}={job.member}", "lr=0")
    return msgspec.structs.replace(job, argv=argv)


def live(seed: int, *, brute: bool = False) -> tuple[PopulationLife, list[str]]:
    life = PopulationLife(seed)
    life.brute = life.brute or brute
    return life, life.live()
