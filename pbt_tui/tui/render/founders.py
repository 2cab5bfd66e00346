"""Whose weights the members carry: each line of weights, from the member that began it.

Pure, from the generations and the decisions of a population.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from statistics import pstdev
from typing import NamedTuple

from pbt_tui.observe.snapshot_types import EventRow, GenerationRow
from pbt_tui.tui.render.generations import AsOf, Generations, MemberLives, known

Founder = tuple[int, int]
"""The member that began from scratch, and in which of its lives, from 0."""
UNKNOWN: Founder = (-1, 0)
"""The founder of weights whose donor is not known."""
_RUN = 8
"""Decisions after one that may be at the same number."""
_ENDED = frozenset(("failed", "cancelled", "skipped"))


class Part(NamedTuple):
    """Generations of a member in a row, without other weights in between."""

    first: int
    """Position of the first one among the generations of the member."""
    donor: tuple[int, int] | None
    """The donor, and the position of the generation that it gave; None: it began from scratch,
    or the donor is not known."""
    copied: bool
    """Whether it began with a copy."""


@dataclass(frozen=True)
class MemberParts:
    """The parts of one member, and what its copies brought."""

    of: tuple[GenerationRow, ...]
    """The generations that they were computed from."""
    decided: tuple[EventRow, ...]
    """The copies that they were computed from."""
    parts: list[Part]
    """Its parts, oldest first."""
    paid: int
    """Copies after which its next objective was higher than the one before."""
    judged: int
    """Copies of which both objectives are known."""


class Lineages:
    """The lines of weights of a population.

    Args:
        found: the generations of the population.
        before: what was computed earlier; None: nothing.
    """

    def __init__(self, found: Generations, before: Lineages | None = None) -> None:
        self._name: str = found.row.id
        old: dict[int, MemberParts] = {}
        if before is not None and before._name == self._name:
            old = before._members
        copies: dict[int, list[EventRow]] = defaultdict(list)
        for event in found.row.events:
            if event.kind == "exploit" and event.applied is not False:
                copies[event.member].append(event)
        grew = bool(old)
        self._members: dict[int, MemberParts] = {}
        for member in found.members:
            index, steps = member.row.index, member.row.generations
            kept, decided = old.get(index), tuple(copies.get(index, ()))
            if kept is not None and kept.of is steps and kept.decided == decided:
                self._members[index] = kept
                continue
            made = self._members[index] = _parts(found, member, decided)
            grew = grew and kept is not None and _only_grew(kept, made)
        if not grew:  # a generation that became known late may have been copied by anyone
            for member in found.members:
                kept = self._members[member.row.index]
                if kept is old.get(member.row.index):
                    self._members[member.row.index] = _parts(found, member, kept.decided)
        self._resolved: dict[tuple[int, int], Founder] = {}
        """Member and number of a part, to its founder."""
        if grew and before is not None:
            self._resolved = before._resolved
        self.firsts = {m: [part.first for part in own.parts] for m, own in self._members.items()}
        """Positions of the first generations of the parts of each member."""
        self._resolve(found)
        self.paid = sum(own.paid for own in self._members.values())
        """Copies after which the member's next objective was higher than the one before."""
        self.judged = sum(own.judged for own in self._members.values())
        """Copies of which both objectives are known."""
        self.began = sum(len(member.lives) for member in found.members)
        """Number of founders of all time."""
        counts = self._carried(found)
        self.alive = tuple(sorted(counts, key=lambda f: (-counts[f], f)))
        """Founders whose weights a member carries now, the most carried first."""

    def parts(self, member: int) -> list[Part]:
        """The parts of a member, oldest first."""
        return self._members[member].parts

    def part_at(self, member: int, position: int) -> int:
        """Number of the part to which a generation of a member belongs; -1: none."""
        return bisect_right(self.firsts.get(member, ()), position) - 1

    def founder(self, member: int, position: int) -> Founder:
        """Whose weights a generation carries.

        Args:
            member: index of the member.
            position: position among its generations.
        """
        return self._resolved.get((member, self.part_at(member, position)), UNKNOWN)

    @cached_property
    def ends(self) -> frozenset[tuple[int, int]]:
        """Member and position of each last generation that carried weights which nobody has now."""
        alive = set(self.alive)
        last: dict[Founder, tuple[int, set[tuple[int, int]]]] = {}
        for member, own in self._members.items():
            if not own.parts:
                continue
            bounds = [*self.firsts[member][1:], len(own.of)]
            for number, end in enumerate(bounds):
                founder = self._resolved[member, number]
                if founder in alive or founder == UNKNOWN:
                    continue
                reach = own.of[end - 1].generation
                most, places = last.get(founder, (reach, set()))
                if reach > most:
                    most, places = reach, set()
                if reach == most:
                    places.add((member, end - 1))
                last[founder] = most, places
        return frozenset(place for _, places in last.values() for place in places)

    def _carried(self, found: Generations) -> dict[Founder, int]:
        """How many members carry the weights of each founder now."""
        ended = {m.row.index for m in found.members if m.row.state in _ENDED}
        counts: dict[Founder, int] = defaultdict(int)
        for member in found.members:
            index, steps = member.row.index, member.row.generations
            if steps and (index not in ended or len(ended) == len(found.members)):
                counts[self.founder(index, len(steps) - 1)] += 1
        counts.pop(UNKNOWN, None)
        return counts

    def _resolve(self, found: Generations) -> None:
        """Follows the donors back; a circle, of times of a foreign disk, is unknown."""
        resolved = self._resolved
        for member, own in self._members.items():
            for number in range(len(own.parts)):
                place = (member, number)
                if place in resolved:
                    continue
                path: dict[tuple[int, int], None] = {}
                founder = UNKNOWN
                while place not in resolved and place not in path:
                    path[place] = None
                    if place[1] < 0:
                        break
                    part = self._members[place[0]].parts[place[1]]
                    if part.donor is None:
                        if not part.copied:
                            lives = found.of(place[0])
                            founder = (place[0], lives.life_at(part.first) if lives else 0)
                        break
                    place = part.donor[0], self.part_at(*part.donor)
                founder = resolved.get(place, founder)
                for each in path:
                    resolved[each] = founder


def _parts(found: Generations, member: MemberLives, decided: tuple[EventRow, ...]) -> MemberParts:
    """The parts of a member, from its lives and its copies."""
    steps = member.row.generations
    parts = [Part(life.first, None, copied=False) for life in member.lives]
    paid = judged = 0
    done = -1
    for place, event in enumerate(decided):
        later = sum(e.generation == event.generation for e in decided[place + 1 : place + _RUN])
        before = _position(found, event, done, later)
        if before is None or before + 1 >= len(steps):
            continue
        done = before
        was, now = steps[before], steps[before + 1]
        parts.append(Part(before + 1, _donor(found, event, was.at, now.at), copied=True))
        if known(was.objective) and known(now.objective):
            judged += 1
            paid += (now.objective or 0.0) > (was.objective or 0.0)
    if len(member.lives) > 1:
        parts.sort(key=lambda part: (part.first, part.copied))
    return MemberParts(steps, decided, parts, paid, judged)


def _only_grew(old: MemberParts, new: MemberParts) -> bool:
    """Whether nothing but newer generations and parts came."""
    count = len(old.of)
    if len(new.of) < count or (count and new.of[count - 1] is not old.of[-1]):
        return False
    # A part that begins among the old generations has copies that were thought to be of another.
    if any(part.first < count for part in new.parts[len(old.parts) :]):
        return False
    return new.parts[: len(old.parts)] == old.parts


def _position(found: Generations, event: EventRow, done: int, later: int) -> int | None:
    """Where the member was when it decided: the first such generations after its last decision.

    Sample-Factory gives generations in a row one number: it decided at the last of them, and
    `later` more times at that number.
    """
    if event.generation is None:
        return None
    run: list[int] = []
    for position in found.positions(event.member, event.generation):
        if position <= done:
            break
        if run and position != run[-1] - 1:
            run.clear()
        run.append(position)
    return run[min(later, len(run) - 1)] if run else None


def _donor(
    found: Generations, event: EventRow, before: float, after: float
) -> tuple[int, int] | None:
    """The donor's generation: its last version that was there when the member came up again.

    Without one the first: the times of a copied folder may be those of the copy.
    """
    if event.donor is None or event.donor_generation is None:
        return None
    donor = found.of(event.donor)
    if donor is None:
        return None
    steps = donor.row.generations
    late = first = None
    for position in found.positions(event.donor, event.donor_generation):
        at = steps[position].at
        if at <= before:
            return event.donor, position
        first = event.donor, position
        if late is None and at <= after:
            late = first
    return late or first


def spread(members: list[AsOf]) -> float | None:
    """The standard deviation of the objectives; None: fewer than two are known.

    Args:
        members: the members as they were at a generation.
    """
    values = [m.objective for m in members if m.objective is not None and known(m.objective)]
    if len(values) < 2:
        return None
    try:
        found = pstdev(values)
    except OverflowError:
        return None
    return found if known(found) else None
