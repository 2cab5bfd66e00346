"""Infers restarts and copies from metadata, for generations of which no log and no file speaks.

Pure: generations in, events out. Each event has a confidence, because no metadata says who was
copied (P16). An event depends on the two generations around it and on what the other members had
written by then, never on what came later.
"""

from __future__ import annotations

from pbt_tui.observe.donors import Donors, agreement
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


def goes_on(trainer: Style, before: Generation, after: Generation) -> bool:
    """Whether a generation shows nothing but more training after the one before it.

    Args:
        trainer: style of the population.
        before: the earlier of the two.
        after: the later one.
    """
    return (
        trainer.copy_raises_step is None
        and before.generation < after.generation
        and before.experiment_name == after.experiment_name
        and before.params == after.params
    )


def between(
    donors: Donors,
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
        donors: the generations of all members.
        before: the earlier of the two.
        after: the later one.
        started: whether the member is known to have started between them. Only this shows a
            restart that changed nothing.
        attempt: whether the executor started it: then a changed name alone shows no copy.
    """
    if (jump := donors.trainer.copy_raises_step) is not None:
        return _jumps(donors.members[after.member], jump, before, after)
    renamed = before.experiment_name != after.experiment_name
    if before.params == after.params and (attempt or not renamed):
        return [event("restart", before, after, 1.0)] if started or attempt else []
    donor, sure = _donor(donors, before, after)
    return [event("exploit" if donor else "mutate", before, after, sure, donor)]


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
    donors: Donors, before: Generation, after: Generation
) -> tuple[Generation | None, float]:
    """The donor whose parameters agree best, and the confidence in it."""
    best = donors.likest(before, after)
    if best is None:
        return None, 0.5
    is_copy = donors.trainer.restart_is_copy
    if best.equal > agreement(before, after):
        return best.donor, 0.6 if best.alike > 1 else 0.9 if is_copy else 0.8
    if is_copy:
        return best.donor, 0.6  # a copy, but parameters cannot tell whose
    return None, 0.5  # a copy may keep its own parameters, as half of IsaacGymEnvs' do


def _jumps(
    steps: MemberSteps, jump: int, before: Generation, after: Generation
) -> list[LineageEvent]:
    """Copies that show as jumps in the step numbers of checkpoints; only the log has the donor."""
    copies = ((after.step or 0) - (before.step or 0)) // jump
    if copies < 1 or steps.least_rise >= jump:  # then a copy does not show
        return []
    return [event("exploit", before, after, 0.8)] * copies
