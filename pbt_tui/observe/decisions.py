"""What happened to a member between two of its generations, from all that speaks of it.

Pure. A log says what a member decided, and often whether it came up again; the configuration of a
start says what it loaded; metadata shows changed names and parameters. They count in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from pbt_tui.observe import inference
from pbt_tui.observe.donors import Donors
from pbt_tui.observe.lineage import Kind, LineageEvent
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import Generation, LoadedCheckpoint, Start
from pbt_tui.populations import Style


class Gap(Struct, frozen=True):
    """The time between two consecutive generations of a member, and what speaks of it."""

    before: Generation
    """The earlier generation."""
    after: Generation | None
    """The later one; None: not written yet."""
    said: Sequence[LineageEvent] = ()
    """Decisions at `before`, from the log."""
    over: bool = False
    """Whether the attempt that logged them has ended: what did not come up never will."""
    kept: Sequence[LineageEvent] = ()
    """Decisions at `before`, from the history; they count if the log is gone."""
    starts: Sequence[Start] = ()
    """Starts between the two, in order."""
    attempt: bool = False
    """Whether the executor started an attempt between the two."""
    heard: bool = False
    """Whether the log speaks of `before`, and so has every decision at it."""


def events(donors: Donors, gap: Gap) -> list[LineageEvent]:
    """The events of a gap, oldest first.

    Args:
        donors: the generations of all members.
        gap: the gap.
    """
    members, trainer, after = donors.members, donors.trainer, gap.after
    anew = None
    if after is not None:
        anew = inference.relaunch(trainer, gap.before, after, began=_began(members, gap, after))
    found = [_outcome(members, trainer, gap, e, anew is not None) for e in gap.said]
    if not found:
        found = [_timed(e, after) for e in gap.kept if e.kind != "relaunch"]
    if not found and anew is None:
        found = _of_starts(donors, gap)
    if not found and anew is None and not gap.heard and after is not None:
        found = inference.between(
            donors,
            gap.before,
            after,
            started=bool(gap.starts),
            attempt=gap.attempt,
        )
    return [*found, anew] if anew is not None else found


def _outcome(
    members: Mapping[int, MemberSteps],
    trainer: Style,
    gap: Gap,
    event: LineageEvent,
    anew: bool,
) -> LineageEvent:
    """A decision of the log with its generations, and whether it was carried out."""
    before, after, donor = gap.before, gap.after, event.donor_generation
    if event.donor is not None and donor is None and event.donor in members:
        seen = members[event.donor].newest_at_most(before.generation, before.at)
        donor = seen.generation if seen is not None else None
    applied = event.applied
    loaded = _loaded(gap)
    if applied is None and loaded is not None:
        applied, number = _fits(event, donor, loaded, before)
        donor = number if number is not None else donor
    if applied is None and anew:
        applied = False
    if applied is None and after is not None:
        applied = _shows(trainer, before, after, gap.attempt)
    if applied is None and gap.over and after is None:
        applied = False
    return msgspec.structs.replace(
        event,
        generation=before.generation,
        donor_generation=donor,
        experiment_name=before.experiment_name,
        frame=before.frame,
        at=after.at if after is not None and applied is not False else None,
        applied=applied,
    )


def _start(gap: Gap) -> Start | None:
    """The start that wrote `after`: the one of its name, else the last; None: none is known."""
    name = gap.after.experiment_name if gap.after is not None else ""
    named = [s for s in gap.starts if s.name and s.name == name]
    return next(reversed(named or list(gap.starts)), None)


def _loaded(gap: Gap) -> LoadedCheckpoint | None:
    """What the start loaded that wrote `after`."""
    start = _start(gap)
    return None if start is None else start.loaded


def _began(members: Mapping[int, MemberSteps], gap: Gap, after: Generation) -> bool:
    """Whether the start that wrote `after` loaded nothing, so that its frames are those of a
    beginning: its first number is above 1 where an interval is shorter than an epoch."""
    start, first = _start(gap), members[after.member].steps[0]
    if start is None or not start.scratch or after.frame is None or first.frame is None:
        return False
    return after.frame <= first.frame


def _fits(
    event: LineageEvent, donor: int | None, loaded: LoadedCheckpoint, before: Generation
) -> tuple[bool | None, int | None]:
    """Whether a start carried a decision out, and the number of the generation that it loaded."""
    wanted = event.member if event.kind == "mutate" else event.donor
    if loaded.member is not None:
        same = loaded.member == wanted
        return same, loaded.generation if same and event.kind == "exploit" else None
    number = before.generation if event.kind == "mutate" else donor
    if loaded.generation is None or number is None:
        return None, None
    return loaded.generation == number, None


def _shows(trainer: Style, before: Generation, after: Generation, attempt: bool) -> bool | None:
    """Whether metadata shows that the member started again between two generations."""
    if trainer.copy_raises_step is not None:  # its log alone shows it
        return None
    if before.params != after.params:
        return True
    if attempt:  # the executor has started it with the old parameters
        return False
    if before.experiment_name != after.experiment_name:
        return True
    return None


def _of_starts(donors: Donors, gap: Gap) -> list[LineageEvent]:
    """What the configuration of a start tells: the donor and its generation, without a log."""
    loaded, before, after = _loaded(gap), gap.before, gap.after
    if loaded is None:
        return []
    if loaded.member is None:
        if loaded.generation is None or after is None or loaded.generation == before.generation:
            return []
        donor = donors.only(loaded.generation, before, after)
        if donor is None:
            return []
        return [inference.event("exploit", before, after, 0.9, donor, "file")]
    if loaded.member != before.member:
        copied = inference.event("exploit", before, after, 1.0, source="file")
        return [
            msgspec.structs.replace(copied, donor=loaded.member, donor_generation=loaded.generation)
        ]
    if after is None:
        return []
    kind: Kind = "restart" if before.params == after.params else "mutate"
    return [inference.event(kind, before, after, 1.0, source="file")]


def _timed(event: LineageEvent, after: Generation | None) -> LineageEvent:
    at = after.at if after is not None and event.applied is not False else None
    return msgspec.structs.replace(event, at=at)
