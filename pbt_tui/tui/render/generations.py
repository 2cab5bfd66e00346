"""The generations of a population as the pictures need them: by life, and as of a generation.

A member that begins again from scratch begins another life, and writes its numbers again. Pure: of
members that have not changed, nothing is computed twice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow


class Life(NamedTuple):
    """The generations of a member from one beginning to the next; their numbers never fall."""

    first: int
    """Position of the first one among all generations of the member."""
    numbers: tuple[int, ...]
    """Their numbers."""
    since: float
    """When the first one was written, in Unix seconds."""

    @property
    def end(self) -> int:
        """Position after the last one."""
        return self.first + len(self.numbers)

    def until(self, number: int) -> int | None:
        """Position of the last generation whose number is at most `number`; None: there is none."""
        count = bisect_right(self.numbers, number)
        return self.first + count - 1 if count else None


class AsOf(NamedTuple):
    """A member as it was at some generation of the population."""

    member: MemberRow
    """The member as it is now."""
    position: int | None
    """Position of its newest generation then; None: it had none."""
    objective: float | None
    """Its objective then; None: unknown."""
    lag: int | None
    """Generations behind; None: it had none."""


@dataclass(slots=True, eq=False)
class MemberLives:
    """The lives of one member."""

    row: MemberRow
    """The member as it is now."""
    lives: list[Life]
    """Its lives, oldest first; empty before the first generation."""
    highest: int | None
    """The largest number of all; None before the first generation."""
    objectives: list[float]
    """Every objective that is a finite number."""
    low: float
    """The least of them; infinite without one."""
    high: float
    """The greatest of them; minus infinite without one."""

    def life_at(self, position: int) -> int:
        """Index of the life to which a generation belongs."""
        return bisect_right(self.lives, position, key=lambda life: life.first) - 1


def known(value: float | None) -> bool:
    """Whether a value is a finite number.

    Args:
        value: an objective, or a parameter.

    Example:
        >>> known(1.5), known(float("nan")), known(None)
        (True, False, False)
    """
    return value is not None and math.isfinite(value)


class Generations:
    """The lives of all members of one population.

    Args:
        row: the population.
        before: what was computed of it earlier; None: nothing.
    """

    def __init__(self, row: PopulationRow, before: Generations | None = None) -> None:
        self.row = row
        relaunched: dict[int, tuple[int | None, ...]] = {}
        for event in row.events:
            if event.kind == "relaunch":
                relaunched[event.member] = (*relaunched.get(event.member, ()), event.generation)
        self._relaunched = relaunched
        old = {} if before is None or before.row.id != row.id else before._by_index
        gone = {} if before is None else before._relaunched
        self._by_index: dict[int, MemberLives] = {}
        for member in row.members:
            kept = old.get(member.index)
            numbers = relaunched.get(member.index, ())
            if (
                kept is not None
                and kept.row.generations is member.generations
                and gone.get(member.index, ()) == numbers
            ):
                made = replace(kept, row=member)
            else:
                made = _member(member, numbers)
            self._by_index[member.index] = made
        self.members = tuple(self._by_index.values())
        """The members by index."""
        numbers_known = [m.highest for m in self.members if m.highest is not None]
        self.newest: int | None = max(numbers_known, default=None)
        """The largest number of all; None before the first generation."""
        self.oldest: int | None = min(
            (m.lives[0].numbers[0] for m in self.members if m.lives), default=None
        )
        """The number that the first generation of any member has."""

    def of(self, index: int) -> MemberLives | None:
        """The lives of a member; None: there is no such member."""
        return self._by_index.get(index)

    def positions(self, index: int, number: int) -> Iterator[int]:
        """Positions of the generations of a member that have this number, the latest first."""
        found = self._by_index.get(index)
        for life in reversed(found.lives if found is not None else ()):
            last = life.until(number)
            while last is not None and last >= life.first:
                if life.numbers[last - life.first] != number:
                    break
                yield last
                last -= 1

    def next(self, number: int | None, by: int) -> int | None:
        """The next number that any member has; None: the newest, which is now.

        Args:
            number: where to go from; None: from now.
            by: 1 for later, -1 for earlier.
        """
        here = self.newest if number is None else number
        if here is None:
            return None
        found: list[int] = []
        for member in self.members:
            for life in member.lives:
                place = life.until(here if by > 0 else here - 1)
                place = (life.first - 1 if place is None else place) + (by > 0)
                if life.first <= place < life.end:
                    found.append(life.numbers[place - life.first])
        if by > 0:
            later = min(found, default=None)
            return None if later is None or later >= (self.newest or later) else later
        return max(found, default=here)

    def as_of(self, number: int | None) -> list[AsOf]:
        """Every member as it was when the furthest one wrote this generation.

        Args:
            number: number of the generation; None: as they are now.
        """
        if number is None:
            return [_now(member) for member in self.members]
        moment = self._moment(number)
        return [_then(member, number, moment) for member in self.members]

    def _moment(self, number: int) -> float:
        """When the members were at a generation: the furthest one of all tells it."""
        best: tuple[int, float] | None = None
        for member in self.members:
            for life in member.lives:
                place = life.until(number)
                if place is None or life.numbers[-1] < number:
                    continue
                reach, at = life.numbers[-1], member.row.generations[place].at
                if best is None or reach > best[0]:
                    best = reach, at
        return math.inf if best is None else best[1]


def _member(row: MemberRow, relaunched: Sequence[int | None]) -> MemberLives:
    steps = row.generations
    numbers = [step.generation for step in steps]
    cuts = {i for i in range(1, len(numbers)) if numbers[i] < numbers[i - 1]}
    for number in relaunched:  # with one generation before it, the number does not fall
        again = [
            i
            for i in range(1, len(numbers))
            if numbers[i] == number and numbers[i] == numbers[i - 1] and i not in cuts
        ]
        if again and not any(numbers[i] == number for i in cuts):
            cuts.add(again[0])
    bounds = [0, *sorted(cuts), len(numbers)]
    lives = [
        Life(first, tuple(numbers[first:end]), steps[first].at)
        for first, end in pairwise(bounds)
        if end > first
    ]
    objectives = [
        value for step in steps if (value := step.objective) is not None and math.isfinite(value)
    ]
    return MemberLives(
        row,
        lives,
        max(numbers, default=None),
        objectives,
        min(objectives, default=math.inf),
        max(objectives, default=-math.inf),
    )


def _now(member: MemberLives) -> AsOf:
    row = member.row
    return AsOf(row, len(row.generations) - 1 if row.generations else None, row.objective, row.lag)


def _then(member: MemberLives, number: int, moment: float) -> AsOf:
    for i in range(len(member.lives) - 1, -1, -1):
        life = member.lives[i]
        place = life.until(number)
        if place is None or (i and life.since > moment):  # members do not write at one time
            continue
        found = member.row.generations[place]
        return AsOf(member.row, place, found.objective, max(0, number - found.generation))
    return AsOf(member.row, None, None, None)


def as_it_was(found: Generations, number: int) -> PopulationRow:
    """The population as it was at a generation, without alarms and what its jobs did.

    Args:
        found: the generations.
        number: number of the generation.
    """
    row = found.row
    return PopulationRow(
        id=row.id,
        style=row.style,
        size=row.size,
        workspace=row.workspace,
        members=tuple(map(_row_then, found.as_of(number))),
        events=tuple(e for e in row.events if (e.generation or 0) <= number),
        best=row.best,
        alarms=(),
        rounds=row.rounds,
        original=row.original,
    )


def _row_then(was: AsOf) -> MemberRow:
    member, place = was.member, was.position
    steps = member.generations[: place + 1] if place is not None else ()
    last = steps[-1] if steps else None
    return MemberRow(
        index=member.index,
        state=member.state,
        generation=None if last is None else last.generation,
        frame=None if last is None else last.frame,
        objective=was.objective,
        params={} if last is None else last.params,
        lag=was.lag,
        generations=steps,
        paused_at=None,
    )
