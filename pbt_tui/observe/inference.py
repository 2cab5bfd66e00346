"""Infers restarts and copies from metadata, for generations of which no log and no file speaks.

Pure: generations in, events out. Each event has a confidence, because no metadata says who was
copied (P16). An event depends on the two generations around it and on what the other members had
written by then, never on what came later.
"""

from __future__ import annotations

from collections.abc import Mapping

from pbt_tui.observe.lineage import Kind, LineageEvent, Source
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import Generation
from pbt_tui.populations import Style


def relaunch(
    trainer: Style, before: Generation, after: Generation, *, began: bool = False
) -> LineageEvent | None:
    """The event of a member that began from scratch between two generations, by their numbers.

    Args:
        trainer: style of the population.
        before: the earlier of the two.
        after: the later one.
        began: whether it is known that it began from scratch between them.
    """
    if trainer.copy_raises_step is not None:
        return None
    renamed = before.experiment_name != after.experiment_name
    fell = after.generation <= before.generation  # a command may give all starts one name
    if not (renamed or fell) or not (began or _anew(trainer, before, after)):
        return None
    return event("relaunch", before, after, 1.0)


def between(
    members: Mapping[int, MemberSteps],
    trainer: Style,
    before: Generation,
    after: Generation,
    *,
    started: bool = False,
    attempt: bool = False,
) -> list[LineageEvent]:
    """The events that two consecutive generations of a member suggest, without `relaunch`.

    A restart shows as changed `params` or, for trainers that give each start a name, as a changed
    `experiment_name`.

    Args:
        members: the generations of all members.
        trainer: style of the population.
        before: the earlier of the two.
        after: the later one.
        started: whether the member is known to have started between them. Only this shows a
            restart that changed nothing.
        attempt: whether the executor started it: then a changed name alone shows no copy.
    """
    if trainer.copy_raises_step is not None:
        return _jumps(members[after.member], trainer.copy_raises_step, before, after)
    renamed = before.experiment_name != after.experiment_name
    if before.params == after.params and (attempt or not renamed):
        return [event("restart", before, after, 1.0)] if started or attempt else []
    donor, sure = _donor(members, trainer, before, after)
    return [event("exploit" if donor else "mutate", before, after, sure, donor)]


def donor_at(
    members: Mapping[int, MemberSteps], number: int, before: Generation, after: Generation
) -> Generation | None:
    """The only member whose newest generation at a decision had this number; None: not just one.

    Args:
        members: the generations of all members.
        number: the number that a start loaded.
        before: the generation at which the member decided.
        after: the generation after the start; of several members, its parameters tell which.
    """
    found = [
        seen
        for other, steps in members.items()
        if other != before.member
        and (seen := steps.newest_at_most(before.generation, before.at)) is not None
        and seen.generation == number
    ]
    if len(found) > 1:
        ranked = sorted((_agreement(g, after) for g in found), reverse=True)
        found = [g for g in found if _agreement(g, after) == ranked[0]]
    return found[0] if len(found) == 1 else None


def event(
    kind: Kind,
    before: Generation,
    after: Generation | None,
    confidence: float,
    donor: Generation | None = None,
    source: Source = "metadata",
) -> LineageEvent:
    """An event between two generations.

    Args:
        kind: its kind.
        before: the generation when the member decided.
        after: the first one after that; None: not written yet.
        confidence: from 0 to 1.
        donor: what the member copied; None: nothing, or unknown.
        source: where it was found.
    """
    shown = after if kind == "relaunch" and after is not None else before
    return LineageEvent(
        kind=kind,
        member=before.member,
        donor=donor.member if donor else None,
        generation=shown.generation,
        donor_generation=donor.generation if donor else None,
        source=source,
        confidence=confidence,
        at=after.at if after is not None else None,
        applied=True,
        experiment_name=shown.experiment_name,
        frame=shown.frame,
    )


def _anew(trainer: Style, before: Generation, after: Generation) -> bool:
    """Whether the member began from scratch (P5); a restart keeps or raises the frames.

    If frames follow the donor, the number may fall with them (P10), but never to the first one:
    a donor has written at least that, and the copy continues after it.
    """
    if trainer.frames_follow_donor:
        return after.generation <= 1
    if after.frame is not None and before.frame is not None and after.frame < before.frame:
        return True
    return after.generation <= before.generation


def _donor(
    members: Mapping[int, MemberSteps], trainer: Style, before: Generation, after: Generation
) -> tuple[Generation | None, float]:
    """The donor whose parameters agree best, and the confidence in it.

    The member read of each other member the newest generation not above its own number (R4).
    """
    own = _agreement(before, after)
    best: Generation | None = None
    rank: tuple[int, float, int] = (-1, 0.0, 0)
    alike = 0
    for other, steps in members.items():
        if other == after.member:
            continue
        seen = _seen(steps, trainer, before, after)
        if seen is None:
            continue
        now = (_agreement(seen, after), seen.objective or 0.0, -other)
        alike = alike + 1 if now[0] == rank[0] else 1 if now[0] > rank[0] else alike
        if best is None or now > rank:
            best, rank = seen, now
    if best is None:
        return None, 0.5
    if rank[0] > own:
        return best, 0.6 if alike > 1 else 0.9 if trainer.restart_is_copy else 0.8
    if trainer.restart_is_copy:
        return best, 0.6  # a copy, but parameters cannot tell whose
    return None, 0.5  # a copy may keep its own parameters, as half of IsaacGymEnvs' do


def _seen(
    steps: MemberSteps, trainer: Style, before: Generation, after: Generation
) -> Generation | None:
    """The generation of another member that the member may have copied.

    If frames follow the donor, `before` may have been overwritten since (P10), so the time of
    the decision is unknown. But the donor was better, and the copy continues from its frame: its
    next number is the one after the donor's.
    """
    if not trainer.frames_follow_donor:
        return steps.newest_at_most(before.generation, before.at)
    number = min(before.generation, after.generation - 1)
    for donor in reversed(steps.versions(number)):
        if donor.at >= after.at:
            continue
        known = donor.objective is not None and before.objective is not None
        if known and (donor.objective or 0.0) <= (before.objective or 0.0):
            continue
        return donor
    return None


def _agreement(left: Generation, right: Generation) -> int:
    """Number of equal parameters."""
    params, count = left.params, 0
    for key, value in right.params.items():
        if params.get(key, ...) == value:
            count += 1
    return count


def _jumps(
    steps: MemberSteps, jump: int, before: Generation, after: Generation
) -> list[LineageEvent]:
    """Copies that show as jumps in the step numbers of checkpoints; only the log has the donor."""
    copies = ((after.step or 0) - (before.step or 0)) // jump
    if copies < 1 or steps.least_rise >= jump:  # then a copy does not show
        return []
    return [event("exploit", before, after, 0.8)] * copies
