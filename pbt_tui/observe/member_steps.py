"""The generations of one member in write order, with an index by number.

Adding the newest generation costs the same however many there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median

from pbt_tui.observe.workspaces import Generation

PACE = 16
"""Newest generations of a member that tell its pace."""
LEAST_GAPS = 3
"""Gaps between generations that tell a pace."""


def write_order(generation: Generation) -> tuple[float, int, str, int]:
    """Sorts generations of a member; numbers may fall, so the time comes first.

    Example:
        >>> g = Generation(member=0, generation=3, experiment_name="a", frame=30, objective=None,
        ...                params={}, at=5.0, checkpoint=None)
        >>> write_order(g)
        (5.0, 3, 'a', 30)
    """
    return (
        generation.at,
        generation.generation,
        generation.experiment_name,
        generation.frame or 0,
    )


class MemberSteps:
    """The generations of one member."""

    def __init__(self) -> None:
        self.steps: list[Generation] = []
        """In write order."""
        self.best: Generation | None = None
        """The one with the largest objective, the later of equals."""
        self.least_rise = inf
        """The least difference of the train steps of two consecutive checkpoints."""
        self.fell = False
        """Whether a number, other than the first one, came again or came after a higher one."""
        self.version = 0
        """Counts changes other than a newest generation: without one, `steps` only grew."""
        self._pace: tuple[int, int, float | None] | None = None
        self._versions: dict[int, list[Generation]] = {}
        self._numbers: list[int] = []

    def add(self, generation: Generation) -> int:
        """Inserts a generation and returns its position."""
        place = self._insert(self.steps, generation)
        number = generation.generation
        if (versions := self._versions.get(number)) is None:
            self._versions[number] = [generation]
            self._numbers.insert(bisect_left(self._numbers, number), number)
        else:
            self._insert(versions, generation)
        if generation.objective is not None and (
            self.best is None or _rank(generation) >= _rank(self.best)
        ):
            self.best = generation
        self._compare(place if place == len(self.steps) - 1 else 0)
        return place

    def remove(self, generation: Generation) -> int:
        """Removes a generation, which must be there, and returns the position that it had."""
        place = self.position(generation)
        del self.steps[place]
        number = generation.generation
        versions = self._versions[number]
        versions.remove(generation)
        if not versions:
            del self._versions[number]
            self._numbers.remove(number)
        if self.best == generation:
            self.best = max(
                (g for g in self.steps if g.objective is not None), key=_rank, default=None
            )
        self._compare(0)
        return place

    def _compare(self, first: int) -> None:
        """Compares each generation from `first` on with the one before it; 0: all, anew."""
        if first == 0:
            self.least_rise, self.fell = inf, False
            self.version += 1
        for i in range(max(1, first), len(self.steps)):
            before, after = self.steps[i - 1], self.steps[i]
            self.fell = self.fell or 1 < after.generation <= before.generation
            if after.step is not None:
                self.least_rise = min(self.least_rise, after.step - (before.step or 0))

    def gaps(self) -> list[float]:
        """Seconds between the newest generations."""
        newest = self.steps[-PACE:]
        return [after.at - before.at for before, after in pairwise(newest)]

    def pace(self) -> float | None:
        """Median seconds between the newest generations; None: there are too few."""
        known = self._pace
        if known is None or known[:2] != (self.version, len(self.steps)):
            gaps = self.gaps()
            usual = median(gaps) if len(gaps) >= LEAST_GAPS else None
            known = self._pace = (self.version, len(self.steps), usual)
        return known[2]

    def position(self, generation: Generation) -> int:
        """Where a generation, which must be there, is in `steps`."""
        place = bisect_left(self.steps, write_order(generation), key=write_order)
        return self.steps.index(generation, place)

    def versions(self, number: int) -> Sequence[Generation]:
        """The generations with this number in write order: several if it was written again."""
        return self._versions.get(number, ())

    def before(self, at: float) -> int:
        """The number of generations that were written at `at` or earlier."""
        return bisect_right(self.steps, at, key=lambda g: g.at)

    def newest_at_most(self, number: int, at: float) -> Generation | None:
        """What a trainer reads that compares itself at `number`: the highest number up to that.

        Of a number that was written again, the version at `at` counts. None: there was none yet.
        """
        for i in range(bisect_right(self._numbers, number) - 1, -1, -1):
            versions = self._versions[self._numbers[i]]
            count = bisect_right(versions, at, key=lambda g: g.at)
            if count:
                return versions[count - 1]
        return None

    @staticmethod
    def _insert(where: list[Generation], generation: Generation) -> int:
        place = len(where)
        if place and write_order(generation) < write_order(where[-1]):
            place = bisect_right(where, write_order(generation), key=write_order)
        where.insert(place, generation)
        return place


def _rank(generation: Generation) -> tuple[float, float]:
    objective = generation.objective
    return (-inf if objective is None else objective, generation.at)
