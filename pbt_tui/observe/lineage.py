"""The lineage of a population: which member copied which, from logs and from metadata.

Pure: generations and events in, events out. Logs have precedence, because no file says who was
copied (P16).
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
    """A member continued with other weights or other parameters, or began from scratch."""

    kind: Kind
    """`exploit`: it copied a donor; `mutate`: it changed parameters; `relaunch`: it began again."""
    member: int
    """Index of the member."""
    donor: int | None = None
    """Index of the member that it copied; None: none, or unknown."""
    generation: int | None = None
    """Its newest generation when it decided; for a relaunch, the first one after it."""
    donor_generation: int | None = None
    """The generation that it copied, which is not always the donor's newest (R4)."""
    source: Source
    """Where the event was found."""
    confidence: float
    """From 0 to 1, which is certain."""
    at: float | None = None
    """When the first generation after it was written, in Unix seconds; None before that."""


def by_member(generations: Iterable[Generation]) -> dict[int, list[Generation]]:
    """The generations of each member in write order, which may differ from their numbers."""
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
    """The events of both sources, ordered by time as far as it is known.

    Args:
        said: events from logs.
        suggested: events inferred from metadata.
        covered: member to the first generation that its log covers: from there on, only events of
            the log count. Relaunches always come from metadata, because a log covers one start.
        generations: of all members.
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
    """When the member decided: the time of its generation then, else of the one after it."""
    steps = members.get(event.member, [])
    own = next((g.at for g in reversed(steps) if g.generation == event.generation), event.at)
    return inf if own is None else own


def _placed(event: LineageEvent, members: Mapping[int, list[Generation]]) -> LineageEvent:
    """An event of a log with its time and numbers: IsaacGymEnvs logs no time, Sample-Factory
    logs no numbers.
    """
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
