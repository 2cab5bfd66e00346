"""The events of one member, each with its place among those of the population.

Pure. The events of a gap between two generations follow from the gap and from what the other
members had written; those that logs tell of generations that nobody knows come after the known ones
before them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf

import msgspec

from pbt_tui.observe import inference
from pbt_tui.observe.decisions import Gap, events
from pbt_tui.observe.donors import Donors
from pbt_tui.observe.event_order import PlacedEvent
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import Decision, MemberLog
from pbt_tui.observe.member_record import MemberRecord
from pbt_tui.observe.workspaces import Generation, Start
from pbt_tui.populations import Style

_FEW = 16
"""Checkpoints of a donor, before and after a decision, among which is the one that was loaded."""


def is_silent(trainer: Style, member: MemberRecord, position: int) -> bool:
    """Whether a gap has no event for sure, because nothing speaks of it: most gaps have none.

    Args:
        trainer: style of the population.
        member: the member.
        position: where the earlier generation is among those of the member.
    """
    before, after = _ends(member, position)
    if member.said or member.kept:
        key = before.key
        if member.at_place.get(key) or member.kept.get(key):
            return False
    if _starts(member, before, after) or _attempt(member, before, after):
        return False
    return after is None or inference.goes_on(trainer, before, after)


def of_gap(
    donors: Donors, member: MemberRecord, position: int, shared: Sequence[MemberLog] | None
) -> list[PlacedEvent]:
    """The events of a gap, oldest first.

    Args:
        donors: the generations of all members.
        member: the member.
        position: where the earlier generation is among those of the member.
        shared: logs that all members share; None: each attempt has a log.
    """
    before, after = _ends(member, position)
    said = member.at_place.get(before.key, [])
    if len(said) > 1:
        said = sorted(said, key=lambda s: s.order)
    found = events(
        donors,
        Gap(
            before=before,
            after=after,
            said=[_with_donor(donors, s.decision) for s in said],
            over=bool(said) and all(s.log.until < inf for s in said),
            kept=_not_said(member, before),
            starts=_starts(member, before, after),
            attempt=_attempt(member, before, after),
            heard=member.heard(before, shared),
        ),
    )
    placed = []
    for count, event in enumerate(found):
        at = before.at
        if event.kind == "relaunch" and after is not None:
            at = after.at
        elif count < len(said) and said[count].decision.at is not None:
            at = said[count].decision.at or at
        number, name = before.generation, before.experiment_name
        order = (event.kind != "relaunch", number, name, before.step or 0, False, count)
        placed.append(PlacedEvent(at, before.member, order, event))
    return placed


def without_generation(donors: Donors, member: MemberRecord) -> list[PlacedEvent]:
    """Decisions at generations that are not known: they come after those before them.

    Args:
        donors: the generations of all members.
        member: the member.
    """
    found: list[PlacedEvent] = []
    last: dict[int, float] = {}
    for said in sorted(member.said.values(), key=lambda s: s.order):
        decision, log = said.decision, said.log
        if said.place is not None:
            last[id(log)] = member.by_key[said.place].at
            continue
        event = _with_donor(donors, decision)
        since = log.since if log.since > -inf else 0.0
        at = last.get(id(log), since) if decision.at is None else decision.at
        order = (True, decision.generation or 0, "", 0, True, len(found))
        found.append(PlacedEvent(at, event.member, order, event))
    return found


def _ends(member: MemberRecord, position: int) -> tuple[Generation, Generation | None]:
    """The two generations of a gap; None: the later one is not written yet."""
    steps = member.steps.steps
    return steps[position], steps[position + 1] if position + 1 < len(steps) else None


def _starts(member: MemberRecord, before: Generation, after: Generation | None) -> Sequence[Start]:
    """The starts of a gap, in order."""
    starts = member.starts
    if not starts:
        return ()
    first = bisect_right(starts, before.at, key=lambda s: s.at)
    until = inf if after is None else after.at
    return starts[first : bisect_left(starts, until, first, key=lambda s: s.at)]


def _attempt(member: MemberRecord, before: Generation, after: Generation | None) -> bool:
    """Whether the executor started an attempt in a gap."""
    until = inf if after is None else after.at
    return any(before.at < at < until for at in member.attempts)


def _not_said(member: MemberRecord, before: Generation) -> list[LineageEvent]:
    """What the history has of a generation, without what the log says of one like it.

    A copy of Sample-Factory gives a checkpoint another step and the same frame, and an event of
    the history has no step.
    """
    kept = member.kept.get(before.key)
    if not kept:
        return []
    same = (before.experiment_name, before.frame)
    said = {
        (s.decision.event.kind, s.decision.event.donor)
        for g in member.steps.versions(before.generation)
        if g.key != before.key and (g.experiment_name, g.frame) == same
        for s in member.at_place.get(g.key, ())
    }
    return [e for e in kept if (e.kind, e.donor) not in said]


def _with_donor(donors: Donors, decision: Decision) -> LineageEvent:
    """A decision of Sample-Factory, with the donor's checkpoint; others unchanged."""
    event, at = decision.event, decision.at
    if at is None or event.donor is None or (donor := donors.members.get(event.donor)) is None:
        return event
    count = donor.before(at)
    number = donor.steps[count - 1].generation if count else None
    if decision.donor_step is not None:
        newest = reversed(donor.steps[max(0, count - _FEW) : count + _FEW])
        number = next((g.generation for g in newest if g.step == decision.donor_step), number)
    return msgspec.structs.replace(event, donor_generation=number)
