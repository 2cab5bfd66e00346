"""Infers restarts and copies from metadata, for members without a log.

Pure: generations in, events out. Each event has a confidence, because no file says who was copied
(P16).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pbt_tui.observe.lineage import Kind, LineageEvent, by_member
from pbt_tui.observe.workspaces import Generation
from pbt_tui.populations import STYLES, Style


def infer(
    generations: Sequence[Generation],
    style: str,
    restarts: Sequence[tuple[int, float]] = (),
) -> list[LineageEvent]:
    """The events that the generations suggest, in write order.

    A restart shows as changed `params` or, for trainers that give each start a name, as a changed
    `experiment_name`. A member that began from scratch shows by its numbers, whatever its name.

    Args:
        generations: of all members.
        style: style of the population.
        restarts: (member, Unix seconds) of known starts. Only these show a restart that changed
            nothing.
    """
    members, trainer = by_member(generations), STYLES.get(style)
    if trainer.copy_raises_step is not None:
        return _jumps(members, trainer.copy_raises_step)
    files = _Files(members, trainer, _interval(members))
    events: list[LineageEvent] = []
    for member, steps in members.items():
        for before, after in pairwise(steps):
            event = files.between(before, after)
            if event is None and any(m == member and before.at < t < after.at for m, t in restarts):
                event = _event("mutate", before, after, 0.3)
            if event:
                events.append(event)
    return sorted(events, key=lambda e: (e.at or 0.0, e.member))


def _event(
    kind: Kind,
    before: Generation,
    after: Generation,
    confidence: float,
    donor: Generation | None = None,
) -> LineageEvent:
    return LineageEvent(
        kind=kind,
        member=after.member,
        donor=donor.member if donor else None,
        generation=after.generation if kind == "relaunch" else before.generation,
        donor_generation=donor.generation if donor else None,
        source="metadata",
        confidence=confidence,
        at=after.at,
    )


@dataclass(frozen=True, slots=True)
class _Files:
    """The generations of all members."""

    members: Mapping[int, list[Generation]]
    """Generations by member, in write order."""
    trainer: Style
    """Style of the population."""
    interval: float
    """Frames of one generation; 0 if unknown."""

    def between(self, before: Generation, after: Generation) -> LineageEvent | None:
        """The event between two consecutive generations of a member; None if nothing changed."""
        renamed = before.experiment_name != after.experiment_name
        fell = after.generation < before.generation  # a command may give all starts one name
        if (renamed or fell) and self._anew(before, after):
            return _event("relaunch", before, after, 1.0)
        if not renamed and before.params == after.params:
            return None
        donor, sure = self._donor(before, after)
        return _event("exploit" if donor else "mutate", before, after, sure, donor)

    def _anew(self, before: Generation, after: Generation) -> bool:
        """Whether the member began from scratch (P5); a restart keeps or raises the frames.

        If frames follow the donor, the number may fall with them (P10), but never to the first one:
        a donor has written at least that, and the copy continues after it.
        """
        if self.trainer.frames_follow_donor:
            return after.generation <= 1
        if after.frame is not None and before.frame is not None and after.frame < before.frame:
            return True
        return after.generation <= before.generation

    def _donor(self, before: Generation, after: Generation) -> tuple[Generation | None, float]:
        """The donor whose parameters agree best, and the confidence in it.

        The member read of each other member the newest generation not above its own number (R4).
        """
        own = _agreement(before, after)
        best: Generation | None = None
        rank: tuple[int, float] = (-1, 0.0)
        for other, steps in self.members.items():
            if other == after.member:
                continue
            seen = [g for g in steps if self._seen(g, before, after)]
            if not seen:
                continue
            newest = seen[-1]
            now = (_agreement(newest, after), newest.objective or 0.0)
            if best is None or now > rank:
                best, rank = newest, now
        if best is None:
            return None, 0.5
        if rank[0] > own:
            return best, 0.9 if self.trainer.restart_is_copy else 0.8
        if self.trainer.restart_is_copy:
            return best, 0.6  # a copy, but parameters cannot tell whose
        return None, 0.5  # a copy may keep its own parameters, as half of IsaacGymEnvs' do

    def _seen(self, donor: Generation, before: Generation, after: Generation) -> bool:
        """Whether the member may have copied this generation.

        If frames follow the donor, `before` may have been overwritten since (P10), so the time of
        the decision is unknown. But the donor was better, and the copy continues from its frame.
        """
        if donor.generation > before.generation:
            return False
        if not self.trainer.frames_follow_donor:
            return donor.at <= before.at
        known = donor.objective is not None and before.objective is not None
        if known and (donor.objective or 0.0) <= (before.objective or 0.0):
            return False
        if donor.frame is None or after.frame is None or not self.interval:
            return donor.at < after.at
        continues = abs(after.frame - donor.frame - self.interval) <= self.interval / 2
        return donor.at < after.at and continues


def _agreement(left: Generation, right: Generation) -> int:
    """Number of equal parameters."""
    return sum(1 for key, value in right.params.items() if left.params.get(key, ...) == value)


def _interval(members: Mapping[int, list[Generation]]) -> float:
    """Frames of one generation; 0 if unknown."""
    steps = [
        (after.frame - before.frame) / (after.generation - before.generation)
        for generations in members.values()
        for before, after in pairwise(generations)
        if before.frame is not None
        and after.frame is not None
        and after.generation > before.generation
        and after.frame > before.frame
    ]
    return median(steps) if steps else 0.0


def _jumps(members: Mapping[int, list[Generation]], jump: int) -> list[LineageEvent]:
    """Copies that show as jumps in the step numbers of checkpoints; only the log has the donor."""
    events: list[LineageEvent] = []
    for steps in members.values():
        rises = [(b, a, (a.step or 0) - (b.step or 0)) for b, a in pairwise(steps)]
        if rises and min(rise for _, _, rise in rises) < jump:  # else a copy does not show
            for before, after, rise in rises:
                events += [_event("exploit", before, after, 0.8)] * max(0, rise // jump)
    return sorted(events, key=lambda e: (e.at or 0.0, e.member))
