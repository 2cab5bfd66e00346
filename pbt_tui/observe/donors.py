"""Finds the generation that a copy was made of: the one whose parameters agree best.

Pure. To compare each copy with every member is quadratic in the number of members. Here an index of
the generations among which a copy chose is made once, and copies made at the same number share it.

In an index, each generation has a bit, and a set of generations is an integer. So the index finds
the generations that have a value, that were written by some time or that are good enough with a few
operations on integers, for all members at once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple, TypeVar

from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import Generation
from pbt_tui.populations import Style

_KEPT = 4
"""Most indexes that are kept: copies are judged by the number of their generation, so that those
that share an index follow each other."""
_AHEAD = 4
"""Later generations of each member in an index by time: it serves copies until a fifth is there."""
_FEW = 32
"""Generations of a set that are compared one by one; of a larger set, the best is found sooner in
the list of all."""
_STEP = 16
"""Generations between two sets of a `_Sums`."""


T = TypeVar("T")


class Likeness(NamedTuple):
    """The generation that agrees best with that after a copy."""

    donor: Generation
    """The generation; of several that agree as well, that with the largest objective."""
    equal: int
    """Number of parameters that are equal."""
    alike: int
    """Number of members with a generation that agrees as well."""


class Donors:
    """The generations that copies may have been made of; made for one update of the lineage.

    Args:
        members: the generations of all members, which must not change meanwhile.
        trainer: style of the population.
    """

    def __init__(self, members: Mapping[int, MemberSteps], trainer: Style) -> None:
        self.members = members
        """The generations of all members."""
        self.trainer = trainer
        """Style of the population."""
        self._numbers: dict[int, _Index] = {}
        """By number: the generations with this number."""
        self._read: dict[int, _Window] = {}
        """By number: what a trainer reads that compares itself at this number."""

    def likest(self, before: Generation, after: Generation) -> Likeness | None:
        """The generation of another member that agrees best; None: there was none to copy.

        Args:
            before: the generation at which the member decided.
            after: its first one after the copy.
        """
        if self.trainer.frames_follow_donor:
            index, found = self._followed(before, after)
        else:
            index, found = self._seen(before)
        return index.likest(found, after) if found else None

    def only(self, number: int, before: Generation, after: Generation) -> Generation | None:
        """The newest generation of the only member that was at a number; None: not just one was.

        Args:
            number: the number, which a start loaded.
            before: the generation at which the member decided, which tells when it was.
            after: the generation after the start; of several members, its parameters tell which.
        """
        index, found = self._seen(before)
        found &= index.numbered(number)
        best = index.likest(found, after) if found else None
        return best.donor if best is not None and best.alike == 1 else None

    def _followed(self, before: Generation, after: Generation) -> tuple[_Index, int]:
        """If frames follow the donor: what a copy may have been made of, by what it led to.

        `before` may have been overwritten since (P10), so the time of the decision is unknown. But
        the donor was better, and the copy continues from its frame: its next number is the one
        after the donor's.
        """
        number = min(before.generation, after.generation - 1)
        index = self._numbers.get(number)
        if index is None:
            versions = ((m, steps.versions(number)) for m, steps in self.members.items())
            index = _kept(self._numbers, number, _Index(versions))
        found = index.written(bisect_left(index.times, after.at))
        if before.objective is not None:
            found &= ~index.no_better(before.objective)
        return index, index.newest(found & ~index.of(after.member))

    def _seen(self, before: Generation) -> tuple[_Index, int]:
        """What the member read: of each other one, the highest number up to its own (R4)."""
        number, at = before.generation, before.at
        window = self._read.get(number)
        if window is None or not window.since <= at < window.until:
            window = _kept(self._read, number, _window(self.members, number, at))
        index = window.read
        found = index.written(bisect_right(index.times, at))
        return index, index.newest(found & ~index.of(before.member))


def agreement(left: Generation, right: Generation) -> int:
    """Number of equal parameters.

    Example:
        >>> g = Generation(member=0, generation=3, experiment_name="a", frame=30, objective=None,
        ...                params={"lr": 0.1, "gamma": 0.9}, at=5.0, checkpoint=None)
        >>> agreement(g, g)
        2
    """
    params, count = left.params, 0
    for key, value in right.params.items():
        if params.get(key, ...) == value:
            count += 1
    return count


class _Window(NamedTuple):
    """What members read at one number, from one time to another."""

    since: float
    until: float
    """Excluded."""
    read: _Index
    """The generations that they read, the newest one that is there at the time."""


def _window(members: Mapping[int, MemberSteps], number: int, since: float) -> _Window:
    """The generations that somebody reads at `number`, for some time from `since` on."""
    until = inf
    chains: list[tuple[int, Sequence[Generation]]] = []
    for member, steps in members.items():
        first = steps.newest_at_most(number, since)
        chain = [] if first is None else [first]
        highest = -inf if first is None else first.generation
        place = steps.before(since)
        for generation in steps.steps[place : place + _AHEAD]:
            if highest <= generation.generation <= number:
                chain.append(generation)
                highest = generation.generation
        if place + _AHEAD < len(steps.steps):
            until = min(until, steps.steps[place + _AHEAD].at)
        chains.append((member, chain))
    return _Window(since, until, _Index(chains))


def _kept(indexes: dict[int, T], number: int, index: T) -> T:
    """Keeps an index, and of the others the newest ones."""
    indexes.pop(number, None)
    if len(indexes) >= _KEPT:
        del indexes[next(iter(indexes))]
    indexes[number] = index
    return index


class _Index:
    """Generations of members by their parameters, times and objectives.

    Args:
        members: the generations by member, those of each member in write order.
    """

    def __init__(self, members: Iterable[tuple[int, Sequence[Generation]]]) -> None:
        self._of: dict[int, tuple[int, int]] = {}
        """By member: its first bit, and their number."""
        self._all: list[Generation] = []
        """By bit."""
        self._newest = self._oldest = 0
        """The newest generation of each member, which has its lowest bit, and the oldest one."""
        for member, found in members:
            if found:
                self._of[member] = len(self._all), len(found)
                self._newest |= 1 << len(self._all)
                self._all += reversed(found)
                self._oldest |= 1 << len(self._all) - 1
        written = sorted((g.at, bit) for bit, g in enumerate(self._all))
        self.times = [at for at, _ in written]
        """When the generations were written, in order."""
        self._written = _Sums([bit for _, bit in written])
        self._values = _values(self._all)
        self._objectives: tuple[list[float], _Sums] | None = None
        self._ranked: list[int] | None = None
        self._numbered: dict[int, int] | None = None

    def of(self, member: int) -> int:
        """The generations of a member."""
        bit, count = self._of.get(member, (0, 0))
        return (1 << count) - 1 << bit

    def written(self, count: int) -> int:
        """The first `count` generations by time."""
        return self._written.first(count)

    def no_better(self, objective: float) -> int:
        """The generations whose objective is known, and not larger."""
        if self._objectives is None:
            known = sorted(
                (g.objective, bit) for bit, g in enumerate(self._all) if g.objective is not None
            )
            self._objectives = [value for value, _ in known], _Sums([bit for _, bit in known])
        values, sums = self._objectives
        return sums.first(bisect_right(values, objective))

    def numbered(self, number: int) -> int:
        """The generations with a number."""
        if self._numbered is None:
            self._numbered = {}
            for bit, g in enumerate(self._all):
                self._numbered[g.generation] = self._numbered.get(g.generation, 0) | 1 << bit
        return self._numbered.get(number, 0)

    def newest(self, found: int) -> int:
        """Of the generations of each member, the newest one in a set.

        To subtract the lowest bit of a member changes its bits up to the lowest one in the set, and
        no bit of another member, because the highest one is in it.
        """
        return found & ~((found | self._oldest) - self._newest)

    def likest(self, found: int, after: Generation) -> Likeness:
        """The generation in a set, which has one at least, that agrees best with `after`.

        Counts the equal parameters of all generations at once: bit `i` of the count of each is in
        the set `counts[i]`.
        """
        counts: list[int] = []
        for key, value in after.params.items():
            equal = self._equal(key, value) & found
            for i, count in enumerate(counts):
                if not equal:
                    break
                counts[i], equal = count ^ equal, count & equal
            if equal:
                counts.append(equal)
        best, most = found, 0
        for i in range(len(counts) - 1, -1, -1):
            if higher := best & counts[i]:
                best = higher
                most += 1 << i
        return Likeness(self._best(best), most, best.bit_count())

    def _equal(self, key: str, value: Any) -> int:
        """The generations in which a parameter has a value."""
        values = self._values.get(key)
        if values is None or value != value:  # noqa: PLR0124  # a NaN equals nothing
            return 0
        try:
            equal: int = values.get(value, 0)
        except TypeError:  # a list or a map
            same = 0
            for bit, other in values.get(_UNHASHABLE, ()):
                if other == value:
                    same |= 1 << bit
            return same
        return equal if equal >= 0 else 1 << ~equal

    def _best(self, found: int) -> Generation:
        """The generation in a set with the largest objective; of equals, the first member's."""
        if found & (found - 1) == 0:
            return self._all[found.bit_length() - 1]
        if found.bit_count() <= _FEW:
            return min((self._all[bit] for bit in _bits(found)), key=_rank)
        if self._ranked is None:
            self._ranked = sorted(range(len(self._all)), key=lambda bit: _rank(self._all[bit]))
        return self._all[next(bit for bit in self._ranked if found >> bit & 1)]


def _rank(generation: Generation) -> tuple[float, int]:
    """Sorts the generations that agree as well, the best first."""
    return -(generation.objective or 0.0), generation.member


_UNHASHABLE = object()
"""Stands for all values that are no keys of a dictionary."""


def _values(generations: Iterable[Generation]) -> dict[str, dict[Any, Any]]:
    """By parameter and value: the generations that have it; of a single one, the inverted bit."""
    found: dict[str, dict[Any, Any]] = {}
    for bit, generation in enumerate(generations):
        single = ~bit
        for key, value in generation.params.items():
            values = found.get(key)
            if values is None:
                values = found[key] = {}
            try:
                known = values.setdefault(value, single)
            except TypeError:
                values.setdefault(_UNHASHABLE, []).append((bit, value))
                continue
            if known != single:
                values[value] = (known if known >= 0 else 1 << ~known) | 1 << bit
    return found


class _Sums:
    """For each count, the set of the first bits of a list."""

    def __init__(self, bits: list[int]) -> None:
        self._bits = bits
        self._sums = [0]
        for i in range(0, len(bits), _STEP):
            self._sums.append(self._plus(self._sums[-1], bits[i : i + _STEP]))

    def first(self, count: int) -> int:
        """The first `count` bits."""
        whole = count // _STEP
        return self._plus(self._sums[whole], self._bits[whole * _STEP : count])

    @staticmethod
    def _plus(found: int, bits: list[int]) -> int:
        for bit in bits:
            found |= 1 << bit
        return found


def _bits(found: int) -> Iterator[int]:
    """The bits of a set."""
    while found:
        lowest = found & -found
        yield lowest.bit_length() - 1
        found ^= lowest
