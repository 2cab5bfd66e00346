"""The values that each parameter had along the ancestry of a generation: its schedule.

Pure. Metadata has the parameters with which a generation was trained. Where it has none, the
trainer's log may say what changed (Sample-Factory); what neither says is inferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from pbt_tui.observe.ancestry import Origin, Step
from pbt_tui.observe.workspaces import Change, Generation


class Segment(msgspec.Struct, frozen=True):
    """A value of a parameter over a part of the line."""

    value: Any
    """The value."""
    start: int | None
    """Frames trained along the line before it; `null`: the frames are unknown."""
    end: int | None
    """Frames trained along the line at its end; `null`: the frames are unknown."""
    member: int
    """Index of the member that trained its last generation with it."""
    generation: int
    """Number of that generation."""
    source: Origin
    """Where the value is from: a `file` of the trainer, its `log`, or `inferred`."""


def schedules(line: Sequence[Step], changes: Sequence[Change] = ()) -> dict[str, list[Segment]]:
    """The schedule of each parameter, by name.

    Args:
        line: the ancestry, the oldest step first.
        changes: changed parameters that the trainer's log states, in order.
    """
    logged = _Logged(changes)
    known = [_params(step.generation, logged) for step in line]
    names = list(dict.fromkeys(name for params, _ in known for name in params))
    ends = _frames(line)
    found: dict[str, list[Segment]] = {}
    for name in names:
        values = _filled([(params.get(name, ...), source) for params, source in known])
        segments: list[Segment] = []
        for i, (value, source) in enumerate(values):
            end = ends[i + 1]
            generation = line[i].generation
            last = segments[-1] if segments else None
            if last is not None and last.value == value and last.source == source:
                segments[-1] = msgspec.structs.replace(
                    last, end=end, member=generation.member, generation=generation.generation
                )
                continue
            segments.append(
                Segment(value, ends[i], end, generation.member, generation.generation, source)
            )
        found[name] = segments
    return found


def _frames(line: Sequence[Step]) -> list[int | None]:
    """Frames trained along the line before its first step and at the end of each.

    A copy of IsaacGymEnvs keeps counting the frames of the copier, one of Isaac Lab those of the
    donor: what a step adds is its frame less the nearer of both.
    """
    ends: list[int | None] = [0]
    for step in line:
        frame, last = step.generation.frame, ends[-1]
        starts = [
            known.frame
            for known in (step.parent, step.before if step.parent is not None else None)
            if known is not None and known.frame is not None and frame is not None
            and known.frame <= frame
        ]  # fmt: skip
        if frame is None or last is None:
            ends.append(None)
        else:
            ends.append(last + frame - max(starts, default=0))
    return ends


def _params(generation: Generation, logged: _Logged) -> tuple[Mapping[str, Any], Origin]:
    if generation.params:  # those of a train step are from the log, which has its changes
        return generation.params, "file" if generation.step is None else "log"
    return logged.at(generation.member, generation.at), "log"


def _filled(values: Sequence[tuple[Any, Origin]]) -> list[tuple[Any, Origin]]:
    """Values that no step states are those of the next step that does, else of the last one."""
    found = list(values)
    for order in (range(len(found) - 2, -1, -1), range(1, len(found))):
        for i in order:
            beside = i + 1 if order.step < 0 else i - 1
            if found[i][0] is ... and found[beside][0] is not ...:
                found[i] = (found[beside][0], "inferred")
    return found


class _Logged:
    """The parameters of each member over time, as far as a log states changes."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._states: dict[int, list[tuple[float, dict[str, Any]]]] = {}
        self._first: dict[str, Any] = {}
        """Values before the first change."""
        for change in changes:
            for name, (before, _) in change.params.items():
                self._first.setdefault(name, before)
        for change in changes:
            if change.at is None:
                continue
            source = change.member if change.donor is None else change.donor
            state = dict(self.at(source, change.at))
            state.update({name: after for name, (_, after) in change.params.items()})
            self._states.setdefault(change.member, []).append((change.at, state))

    def at(self, member: int, at: float) -> dict[str, Any]:
        """The parameters of a member at a time."""
        known: dict[str, Any]
        for since, known in reversed(self._states.get(member, [])):
            if since <= at:
                return known
        return self._first


def changed(segments: Sequence[Segment]) -> int:
    """How often the value changed.

    Args:
        segments: the schedule of a parameter.

    Example:
        >>> changed([Segment(1, 0, 5, 0, 1, "file"), Segment(2, 5, 9, 0, 2, "file")])
        1
    """
    return sum(a.value != b.value for a, b in pairwise(segments))
