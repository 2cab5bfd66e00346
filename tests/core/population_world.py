"""The simulated world with populations: each process of a member is a trainer with a workspace."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.protocol import Launch, Started
from tests.core import sim_reading
from tests.core.sim_asker import newest_time, requeued
from tests.core.trainers import Habits, Trainer
from tests.core.truth import Truth
from tests.core.workspaces import SimWorkspace
from tests.core.world import Name, Proc, World


@dataclass
class SimPopulation:
    """One population: its trainers and its workspace."""

    id: str
    style: str
    jobs: tuple[str, ...]
    """Ids of its jobs, by member."""
    habits: Habits
    workspace: SimWorkspace = field(default_factory=SimWorkspace)
    polled: SimWorkspace | None = None
    """The workspace as the last poll saw it."""


@dataclass
class PopulationWorld(World):
    populations: list[SimPopulation] = field(default_factory=list)
    trainers: dict[Name, Trainer] = field(default_factory=dict)
    """The living trainers, by attempt."""
    numbers: int = 0
    argv: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Job to its command."""
    first: dict[Name, tuple[str | None, int]] = field(default_factory=dict)
    """What the first life of each attempt goes on from, and when the newest file was written."""
    commands: dict[Name, tuple[str, ...]] = field(default_factory=dict)
    """The command that each attempt was launched with."""
    executors: int = 0
    """How many have started."""

    def __post_init__(self) -> None:
        self.truth = Truth(self.broken)
        self.polls = random.Random(0)
        self.history = sim_reading.History()
        self.members: dict[str, tuple[SimPopulation, int]] = {}

    def add(self, population: SimPopulation) -> None:
        self.populations.append(population)
        for member, job in enumerate(population.jobs):
            self.members[job] = (population, member)

    def number(self) -> int:
        """Another number each time."""
        self.numbers += 1
        return self.numbers

    def file_time(self) -> float:
        """The time of the file server."""
        return self.now + self.server_clock

    # -- processes -------------------------------------------------------------------------------

    def span(self) -> float:
        return self.rng.choice((self.rng.random() * 10, self.rng.random() * 60, 200.0))

    def begins(self, proc: Proc, launch: Launch) -> None:
        if launch.job in self.members:
            newest = newest_time(self, launch.job)
            self._train(proc, launch.argv, again=False)
            self.commands[proc.name] = launch.argv
            self.first[proc.name] = (self.trainers[proc.name].source, newest)

    def _train(self, proc: Proc, argv: tuple[str, ...], *, again: bool) -> None:
        population, member = self.members[proc.name[0]]
        population.workspace.hidden_until = min(population.workspace.hidden_until, self.now)
        trainer = Trainer(self, population, proc, member, argv)
        self.trainers[proc.name] = trainer
        self.truth.starts(trainer, again=again)

    def pauses(self, proc: Proc) -> None:
        trainer = self.trainers.pop(proc.name, None)
        if trainer is not None:
            trainer.alive = False

    def crash(self, proc: Proc, code: int) -> None:
        """A process ends by itself; now and then its shim is killed with it."""
        self.end(proc, code, coded=self.rng.random() >= 0.05)

    def goes_on(self, proc: Proc) -> Started:
        """The task of a queue reads what it goes on from by itself: its arguments are old."""
        job = proc.name[0]
        if job in self.members:
            workspace = self.members[job][0].workspace
            workspace.hidden_until = min(workspace.hidden_until, self.now)
            found = again(self, proc)
            if found is None:
                self.at(self.now, lambda: self.end(proc, 1))
            else:
                argv, proc.source = found
                self._train(proc, argv, again=True)
        return super().goes_on(proc)

    # -- the run directory -----------------------------------------------------------------------

    def recorded(self, events: Sequence[ev.AnyEvent]) -> None:
        super().recorded(events)
        self.truth.recorded(events, self._find)

    def leaves(self, how: str) -> None:
        dice = self.rng
        for population in self.populations:
            workspace = population.workspace
            if how == "copied":
                new = self.file_time() if dice.random() < 0.4 else None
                if new is not None:
                    # What no executor has seen has no order any more when its times are gone.
                    self.history.poll(population.id, workspace, self.now)
                    self.truth.lost_times(population.jobs)
                population.workspace = workspace.copied(self.place, new, dice)
            else:
                workspace.place = self.place
                workspace.lost = how == "moved" and bool(self.trainers)
        if how == "copied":
            for trainer in self.trainers.values():
                trainer.alive = False  # it goes on in the original
            self.trainers.clear()
            self.truth.copied(self.durable)

    def looks_again(self, *, calm: bool) -> None:
        """Another executor starts: perhaps the mounts of the workspaces are late."""
        self.executors += 1
        for population in self.populations:
            if not self.trainers and not calm and self.rng.random() < 0.15:
                # What nobody has ever seen is not missed when it is not there.
                self.history.poll(population.id, population.workspace, self.now)
                population.workspace.hidden_until = self.now + self.rng.choice((5.0, 40.0, 90.0))

    def poll(self) -> None:
        for population in self.populations:
            self.history.poll(population.id, population.workspace, self.now)
            population.polled = population.workspace.copied(self.place, None, self.polls)

    def move_aside(self, job: str, attempt: int) -> None:
        population, member = self.members[job]
        population.workspace.move_aside(member, attempt)
        self.history.begins(population.id, member, attempt)
        self.truth.moved_aside(job, attempt)

    def _find(self, job: str) -> tuple[SimWorkspace, int] | None:
        found = self.members.get(job)
        return None if found is None else (found[0].workspace, found[1])


def again(world: PopulationWorld, proc: Proc) -> tuple[tuple[str, ...], ev.Source | None] | None:
    """Command and source of a task that its queue starts again."""
    return requeued(world, proc)
