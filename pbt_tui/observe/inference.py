"""Restarts and copies as the metadata alone suggests them, for members without a log.

Must not read files or logs: generations in, events out, with a confidence (P16: no file says who
was copied).
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
    """What the files show, in the order of writing.

    A restart shows as changed `params` (one that changed nothing is invisible unless `restarts`,
    (member, Unix seconds), has it) or, where each start has a name, as a changed
    `experiment_name`.
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
    """Everything that a member could have read."""

    members: Mapping[int, list[Generation]]
    trainer: Style
    interval: float

    def between(self, before: Generation, after: Generation) -> LineageEvent | None:
        """What happened between two consecutive files of one member."""
        renamed = before.experiment_name != after.experiment_name
        if renamed and self._anew(before, after):
            return _event("relaunch", before, after, 1.0)
        if not renamed and before.params == after.params:
            return None
        donor, sure = self._donor(before, after)
        return _event("exploit" if donor else "mutate", before, after, sure, donor)

    def _anew(self, before: Generation, after: Generation) -> bool:
        """A new life from the beginning (P5), not a restart, which keeps or raises the frames.

        Where frames follow the donor the number may fall with them (P10), but never to the first
        one: a donor has at least that, and the copy's next one is higher.
        """
        if self.trainer.frames_follow_donor:
            return after.generation <= 1
        if after.frame is not None and before.frame is not None and after.frame < before.frame:
            return True
        return after.generation <= before.generation

    def _donor(self, before: Generation, after: Generation) -> tuple[Generation | None, float]:
        """Whose parameters agree best, as the member could see them; and how sure that is.

        It read of each the newest file whose number is not above its own (R4).
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
        """Whether this file could be what was copied.

        Where frames follow the donor `before` may have been overwritten since (P10), so the time
        of the decision is open; but the leader was better, and the copy goes on from its frame.
        """
        if donor.generation > before.generation:
            return False
        if not self.trainer.frames_follow_donor:
            return donor.at <= before.at
        told = donor.objective is not None and before.objective is not None
        if told and (donor.objective or 0.0) <= (before.objective or 0.0):
            return False
        if donor.frame is None or after.frame is None or not self.interval:
            return donor.at < after.at
        continues = abs(after.frame - donor.frame - self.interval) <= self.interval / 2
        return donor.at < after.at and continues


def _agreement(one: Generation, other: Generation) -> int:
    return sum(1 for key, value in other.params.items() if one.params.get(key, ...) == value)


def _interval(members: Mapping[int, list[Generation]]) -> float:
    """Frames of one generation, 0 if nobody knows."""
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
    """Copies that the numbers of the checkpoints show; whose weights, only the log knows."""
    events: list[LineageEvent] = []
    for steps in members.values():
        rises = [(b, a, (a.step or 0) - (b.step or 0)) for b, a in pairwise(steps)]
        if rises and min(rise for _, _, rise in rises) < jump:  # else a copy does not show
            for before, after, rise in rises:
                events += [_event("exploit", before, after, 0.8)] * max(0, rise // jump)
    return sorted(events, key=lambda e: (e.at or 0.0, e.member))
