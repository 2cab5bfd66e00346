"""Trainers of a population, as Isaac Lab and IsaacGymEnvs train: what they write, and when.

A trainer loads the checkpoint that its command names, or begins at frame 0. After each interval it
writes weights and, a moment later, metadata; it removes old generations by number; and now and then
it restarts itself from the weights of another member. It may end at any of these moments.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.core.workspaces import Metadata, Pair, Weights

if TYPE_CHECKING:
    from tests.core.population_world import PopulationWorld, SimPopulation
    from tests.core.world import Proc

PER_GENERATION = 1000
"""Frames between two generations."""


@dataclass(frozen=True)
class Habits:
    """How the trainers of a population behave."""

    interval: float
    """Seconds of training between two generations."""
    writing: float
    """Most seconds for which weights are cut while they are written."""
    gap: float
    """Most seconds between weights and metadata."""
    loading: float
    """Most seconds from a start until the checkpoint is loaded."""
    most: int
    """Generations that are kept, those with the highest numbers."""
    exploits: float
    """Probability that a round ends with a restart from another member."""
    corrupt: float
    """Probability that no trainer can load a checkpoint that looks whole."""
    follows_donor: bool
    """Whether a copy goes on from the donor's frame, so that numbers may fall (Isaac Lab)."""

    @classmethod
    def drawn(cls, rng: random.Random, style: str) -> Habits:
        return cls(
            interval=rng.choice((1.0, 2.0, 5.0)),
            writing=rng.choice((0.0, 0.1, 0.5)),
            gap=rng.choice((0.0, 0.01, 0.5)),
            loading=rng.choice((0.1, 1.0, 4.0)),
            most=rng.choice((3, 5, 20, 50)),
            exploits=rng.choice((0.0, 0.2, 0.5)),
            corrupt=rng.choice((0.0, 0.0, 0.05)),
            follows_donor=style == "isaaclab",
        )


class Trainer:
    """One life of a member: a process, until it ends, restarts after a requeue, or is stopped."""

    def __init__(
        self,
        world: PopulationWorld,
        population: SimPopulation,
        proc: Proc,
        member: int,
        argv: tuple[str, ...],
    ) -> None:
        self.world, self.population, self.proc, self.member = world, population, proc, member
        self.workspace = population.workspace
        """The folder that its command names: a copy of the run directory does not change it."""
        self.habits = population.habits
        self.alive = True
        self.began: int | None = None
        """The write that it was told to go on from."""
        self.wrote = False
        """Whether it has completed a generation."""
        named = None if self.habits.follows_donor else _setting(argv, "full_experiment_name")
        self.name = named or f"start{world.number()}"
        """Isaac Lab names each start anew; IsaacGymEnvs keeps the name over restarts."""
        self.params = {"lr": int(_setting(argv, "lr") or 0)}
        self.frame = 0
        self.source = _setting(argv, "checkpoint")
        self.copied: Weights | None = None
        """A copy of a donor's weights: IsaacGymEnvs makes one, and keeps its own frame."""
        self._later(world.rng.random() * self.habits.loading, self._load)

    def _later(self, delay: float, what: Callable[[], None]) -> None:
        def act() -> None:
            if self.alive:
                what()

        self.world.at(self.world.now + delay, act)

    def _dies(self, often: float = 1.0) -> bool:
        """Perhaps ends here: by a signal, or by its own exit code."""
        rng = self.world.rng
        if self.alive and rng.random() < self.world.chaos.crash * often:
            self.world.crash(self.proc, rng.choice((137, 137, 139, 1)))
        return not self.alive

    # -- a start ---------------------------------------------------------------------------------

    def _load(self) -> None:
        if self.copied is not None:
            if not self.copied.whole or self.copied.corrupt:
                self.world.crash(self.proc, 1)
                return
        elif self.source is not None:
            found = self.workspace.find(self.source)
            weights = found[2].weights if found is not None else None
            if weights is None or not weights.whole or weights.corrupt:
                self.world.crash(self.proc, 1)
                return
            self.frame = weights.frame
        self._train()

    def _train(self) -> None:
        self._later(self.habits.interval * (0.8 + 0.4 * self.world.rng.random()), self._save)

    # -- a generation ----------------------------------------------------------------------------

    def _save(self) -> None:
        if self._dies():
            return
        if self.workspace.lost:
            self.world.crash(self.proc, 1)  # its folder is no longer where its command says
            return
        self.frame += PER_GENERATION
        folder = self.workspace.folders.setdefault(self.member, {})
        pair = folder.setdefault(self.frame // PER_GENERATION, Pair())
        pair.weights = Weights(self.world.file_time(), self.world.number(), self.frame)
        weights = pair.weights
        weights.corrupt = (
            self.world.rng.random() < self.habits.corrupt * self.world.chaos.crash * 20
        )
        self._later(self.world.rng.random() * self.habits.writing, lambda: self._saved(weights))

    def _saved(self, weights: Weights) -> None:
        if self._dies(2):
            return
        weights.whole, weights.at = True, self.world.file_time()
        delay = self.world.rng.random() * self.habits.gap
        self._later(delay, lambda: self._describe(weights))

    def _describe(self, weights: Weights) -> None:
        if self._dies(4):
            return
        pair = self.workspace.folders[self.member].get(weights.frame // PER_GENERATION)
        if pair is None or pair.weights is not weights:
            self.world.crash(self.proc, 1)  # somebody moved its folder
            return
        pair.metadata = Metadata(
            self.world.file_time(), weights.written, self.frame, self.name, dict(self.params)
        )
        metadata = pair.metadata
        self._later(0.001, lambda: self._described(metadata))

    def _described(self, metadata: Metadata) -> None:
        if self._dies():
            return
        metadata.whole, metadata.at = True, self.world.file_time()
        self.world.truth.wrote(self, metadata)
        self.workspace.prune(self.member, self.habits.most)
        if self.world.rng.random() < self.habits.exploits:
            self._exploit()
        else:
            self._train()

    # -- a restart by exec -----------------------------------------------------------------------

    def _exploit(self) -> None:
        """Restarts itself from the newest generation of another member, if there is one."""
        rng = self.world.rng
        others = [m for m in self.workspace.folders if m != self.member]
        donors = [
            (member, number)
            for member in others
            for number, pair in self.workspace.pairs(member)
            if pair.metadata is not None and pair.metadata.whole
        ]
        if not donors or self._dies(2):
            return self._train() if self.alive else None
        donor, _ = rng.choice(donors)
        number = max(n for m, n in donors if m == donor)
        self.params = {"lr": self.world.number()}
        if self.habits.follows_donor:
            self.source = self.workspace.path(donor, number)
            self.name = f"start{self.world.number()}"
        else:
            weights = self.workspace.folders[donor][number].weights
            self.copied = None if weights is None else replace(weights)
        # While it restarts, the donor may remove or rewrite the file.
        self._later(0.5 + rng.random() * 5, self._load)
        return None


def _setting(argv: tuple[str, ...], key: str) -> str | None:
    """The last value of a key, whatever its prefix."""
    found = [w.partition("=")[2] for w in argv if w.partition("=")[0].lstrip("+-") == key]
    return found[-1].strip("'") if found else None
