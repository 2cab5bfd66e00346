"""Who was copied by whom: one history out of what the logs say and the metadata suggests.

Must not read files: generations and events in, events out. The log wins (P16: no file says it).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Literal

import msgspec

from pbt_tui.observe.workspaces import Generation

Kind = Literal["exploit", "mutate", "relaunch"]
Source = Literal["log", "metadata"]


class LineageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A member went on with other weights, other parameters, or from the beginning."""

    kind: Kind
    member: int
    donor: int | None = None
    generation: int | None = None
    """The member's newest one when it decided; of a relaunch, the first of the new life."""
    donor_generation: int | None = None
    """The one that was copied: not the donor's newest (R4)."""
    source: Source
    confidence: float
    """1 is certain."""
    at: float | None = None
    """Unix seconds of the first generation after it, where there is one."""


def by_member(generations: Iterable[Generation]) -> dict[int, list[Generation]]:
    """Each member's generations in the order in which they were written (never by number)."""
    members: dict[int, list[Generation]] = defaultdict(list)
    for generation in sorted(generations, key=lambda g: (g.at, g.generation)):
        members[generation.member].append(generation)
    return dict(sorted(members.items()))


def merge(
    said: Sequence[LineageEvent],
    suggested: Sequence[LineageEvent],
    covered: Mapping[int, int],
    generations: Sequence[Generation],
) -> list[LineageEvent]:
    """One history out of both, in the order of time as far as anything tells it.

    `covered`: by member, the first generation that its log speaks of; from there on only the log
    counts. Relaunches are the metadata's: a log does not know of another life.
    """
    members = by_member(generations)
    kept = [
        e
        for e in suggested
        if e.kind == "relaunch"
        or e.member not in covered
        or (e.generation is not None and e.generation < covered[e.member])
    ]
    placed = [_placed(e, members) for e in said]
    return sorted(kept + placed, key=lambda e: (_decided(e, members), e.member))


def _decided(event: LineageEvent, members: Mapping[int, list[Generation]]) -> float:
    """When: as its generation was written, which is there also while none has followed yet."""
    steps = members.get(event.member, [])
    own = next((g.at for g in reversed(steps) if g.generation == event.generation), event.at)
    return inf if own is None else own


def _placed(event: LineageEvent, members: Mapping[int, list[Generation]]) -> LineageEvent:
    """A log's event has a number but no time, or (Sample-Factory) a time but no number."""
    steps = members.get(event.member, [])
    if event.at is not None:
        return msgspec.structs.replace(
            event,
            generation=_before(steps, event.at),
            donor_generation=_before(members.get(event.donor or 0, []), event.at),
        )
    number = event.generation
    if number is None:
        return event
    donor = event.donor_generation
    own = next((g for g in reversed(steps) if g.generation == number), None)
    if event.donor is not None and donor is None and own is not None:
        others = [g for g in members.get(event.donor, []) if g.generation <= number]
        donor = _before(others, own.at)
    after = min((g.at for g in steps if g.generation > number), default=event.at)
    return msgspec.structs.replace(event, at=after, donor_generation=donor)


def _before(steps: Sequence[Generation], at: float) -> int | None:
    return next((g.generation for g in reversed(steps) if g.at <= at), None)
