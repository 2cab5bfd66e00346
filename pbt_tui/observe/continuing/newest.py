"""Chooses the generation that an attempt goes on from. Pure.

It is the one that was *written last*, not the one with the highest number: after a copy of weights
or a relaunch, a member writes lower numbers again, and the higher ones are the line that it left.
Never another member's: a copy of weights after which nothing was written is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pbt_tui.journal.events import Stamp
from pbt_tui.observe.continuing.candidate import Candidate, Reading, Rejected
from pbt_tui.observe.continuing.question import Tried
from pbt_tui.observe.copied_times import keeps_time
from pbt_tui.observe.workspaces import Generation

FAILURES = 2
"""Ends by the program's own exit code after which a generation counts as corrupt."""
_OWN_EXIT = (None, "exit", "traceback")
"""Causes of an end that weights which cannot be loaded may have."""


class Choice(NamedTuple):
    """What was chosen, and why not something newer."""

    chosen: Candidate | None
    """The generation to go on from; None: there is no usable one."""
    rejected: tuple[Rejected, ...]
    """Everything that is not whole, the newest first."""
    barred: tuple[Candidate, ...]
    """Whole generations that are taken for corrupt, the newest first."""
    seen: int = 0
    """When the files of the newest whole generation were written, as they say themselves."""


def choose(
    reading: Reading,
    history: Sequence[Generation],
    tried: Sequence[Tried],
    moved_at: float | None,
) -> Choice:
    """The newest usable generation.

    Args:
        reading: What is on disk.
        history: What the history has of this member's life, in the order of its lines.
        tried: The attempts of this life, oldest first.
        moved_at: When the files were last found moved or copied, in Unix seconds; None: never.
    """
    times = _Times(history, moved_at, reading.usable)
    torn = [c for c in reading.usable if times.is_torn(c)]
    whole = sorted(
        (c for c in reading.usable if not times.is_torn(c)), key=times.order, reverse=True
    )
    stamps = barred(tried, [c.stamp for c in whole])
    rejected = [*reading.rejected, *map(_torn, torn)]
    rejected.sort(key=lambda r: r.at, reverse=True)
    return Choice(
        next((c for c in whole if c.stamp not in stamps), None),
        tuple(rejected),
        tuple(c for c in whole if c.stamp in stamps),
        max((c.written for c in whole), default=0),
    )


def barred(tried: Sequence[Tried], there: Sequence[Stamp]) -> set[Stamp]:
    """Stamps from which attempts failed by their own exit code twice, without writing anything.

    Weights may be corrupt although their file looks whole; only the trainer can tell. A signal, a
    time limit, a lost node or too little memory says nothing about them.

    Args:
        tried: The attempts, oldest first.
        there: The stamps of the whole generations on disk now, the newest first.
    """
    places = {stamp: place for place, stamp in enumerate(there)}
    failures: dict[Stamp, int] = {}
    for k, attempt in enumerate(tried):
        stamp = attempt.source.stamp if attempt.source is not None else None
        if stamp is None or not _failed_by_itself(attempt):
            continue
        before = {t.source.stamp for t in tried[: k + 1] if t.source is not None}
        after = [t.source.stamp for t in tried[k + 1 :] if t.source is not None]
        later = [*after, *there]
        if any(s is not None and _is_newer(s, stamp, places) and s not in before for s in later):
            continue  # it has written a generation: its weights could be loaded
        failures[stamp] = failures.get(stamp, 0) + 1
    return {stamp for stamp, count in failures.items() if count >= FAILURES}


def _is_newer(one: Stamp, other: Stamp, places: Mapping[Stamp, int]) -> bool:
    """Whether files were written after others: in a copy, their own times may say the opposite."""
    if one in places and other in places:
        return places[one] < places[other]
    return one.written > other.written


def _failed_by_itself(attempt: Tried) -> bool:
    return (
        attempt.outcome == "failed"
        and attempt.exit_code is not None
        and attempt.signal is None
        and attempt.cause in _OWN_EXIT
    )


def _torn(candidate: Candidate) -> Rejected:
    name = f"{candidate.source.generation:06d}.yaml"
    why = "its weights are newer: the trainer was writing it again"
    return Rejected(name, why, True, candidate.written)


class _Times:
    """When generations were written, also in a copy of a workspace whose files have new times."""

    def __init__(
        self, history: Sequence[Generation], moved_at: float | None, there: Sequence[Candidate]
    ) -> None:
        self._moved = -1 if moved_at is None else int(moved_at * 1e9)
        self._known: dict[tuple[str, int, int | None], float] = {}
        for g in history:  # a copy of the files is in later lines, with other times
            self._known.setdefault((g.experiment_name, g.generation, g.frame), g.at)
        old = [c for c in there if self._is_old(c)] if moved_at is not None else []
        known = [(c, at) for c in old if (at := self._recorded(c)) is not None]
        same = sum(_is_same(c, at) for c, at in known)
        self._kept = bool(known) and same == len(known)
        """Whether the move kept the times of all files that the history knows."""

    def is_torn(self, candidate: Candidate) -> bool:
        """Whether its weights belong to a later write than its metadata."""
        return candidate.is_torn and self._is_trusted(candidate)

    def order(self, candidate: Candidate) -> tuple[int, int]:
        """Sorts generations by the time at which they were written."""
        if not self._is_old(candidate):
            return candidate.written, candidate.source.generation
        at = self._recorded(candidate)
        if at is not None:
            return int(at * 1e9), candidate.source.generation
        # The history lacks what was written while no executor ran, so after all that it has.
        return candidate.written if self._kept else self._moved, candidate.source.generation

    def _is_old(self, candidate: Candidate) -> bool:
        return candidate.written <= self._moved

    def _recorded(self, candidate: Candidate) -> float | None:
        source = candidate.source
        return self._known.get((source.experiment_name or "", source.generation, source.frame))

    def _is_trusted(self, candidate: Candidate) -> bool:
        if not self._is_old(candidate):
            return True
        at = self._recorded(candidate)
        return self._kept if at is None else _is_same(candidate, at)


def _is_same(candidate: Candidate, at: float) -> bool:
    metadata = candidate.stamp.metadata
    written = metadata.mtime_ns if metadata is not None else candidate.written
    return keeps_time(written / 1e9, at)
