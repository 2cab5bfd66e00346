"""Combines what several readers find in one log, and what was found before, into one progress.

A count (step, total, unit, share, time left) comes from one reader as a whole, so that its parts
fit together. What a better reader found stays, so that a value does not jump between two meanings.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pbt_tui.observe.progress.metric_names import rank
from pbt_tui.observe.progress.reading import ProgressReading

PATIENCE = 3
"""Readings without a count of the better reader, after which that of another one counts."""
_NEAR = 0.2
"""Two counts are the same if they differ by less than this share."""


class Combined(msgspec.Struct, frozen=True):
    """What is known of one log."""

    reading: ProgressReading = ProgressReading()
    """The values; `share` is set wherever step and total are."""
    readers: tuple[str, ...] = ()
    """Names of the readers that found them."""
    counted: int = 1 << 30
    """Place of the reader that the count is from."""
    missed: int = 0
    """Readings since then without a count of that reader."""
    judged: tuple[int, int] = (1 << 30, 1 << 30)
    """Place of the reader that the objective is from, and the rank of its name."""


def combine(before: Combined, readings: Sequence[tuple[int, str, ProgressReading]]) -> Combined:
    """What is known after new readings of the same log.

    Args:
        before: What was known.
        readings: Place, name and reading of each reader that found something, in order of priority.
    """
    counts = [one for one in readings if _counts(one[2])]
    place, name, count = _best_count(counts) or (before.counted, "", before.reading)
    missed = 0
    if place > before.counted:
        missed = before.missed + 1
        if missed < PATIENCE and not _ended(before.reading):
            place, name, count = before.counted, "", before.reading
        else:
            missed = 0
    if name:
        count = _completed(count, [one[2] for one in counts])
    judged = before.judged
    objective, title, judge = before.reading.objective, before.reading.objective_name, ""
    for at, reader, reading in readings:
        if reading.objective is not None:
            key = (at, rank(reading.objective_name or "objective"))
            if key <= judged:
                judged, judge = key, reader
                objective, title = reading.objective, reading.objective_name
                break
    fps = _rate(count, [r for _, _, r in readings]) or before.reading.fps
    generation = next(
        (r.generation for _, _, r in readings if r.generation is not None),
        before.reading.generation,
    )
    names = dict.fromkeys(n for n in (name, judge, *before.readers) if n)
    return Combined(
        ProgressReading(
            step=count.step,
            total=count.total,
            unit=count.unit,
            share=_share(count),
            eta=count.eta if name else None,
            fps=fps,
            objective=objective,
            objective_name=title,
            generation=generation,
        ),
        tuple(names),
        place,
        missed,
        judged,
    )


def _counts(reading: ProgressReading) -> bool:
    return reading.step is not None or reading.share is not None


def _ended(reading: ProgressReading) -> bool:
    share = _share(reading)
    return share is None or share >= 1


def _best_count(
    counts: Sequence[tuple[int, str, ProgressReading]],
) -> tuple[int, str, ProgressReading] | None:
    """The first one; but a bar that has ended may be that of a part, such as reading the data."""
    if not counts or counts[0][1] != "tqdm":
        return counts[0] if counts else None
    for one in counts:
        share = _share(one[2])
        if share is None or share < 1:
            return one
    return counts[0]


def _share(reading: ProgressReading) -> float | None:
    if reading.share is not None:
        return min(1.0, max(0.0, reading.share))
    if reading.step is None or not reading.total:
        return None
    return min(1.0, reading.step / reading.total)


def _rate(count: ProgressReading, readings: Sequence[ProgressReading]) -> float | None:
    """The rate in the unit of the count: its own, or that of lines that count the same."""
    if count.fps is not None:
        return count.fps
    for reading in readings:
        if reading.fps is not None and (reading.step is None or _is_near(reading, count)):
            return reading.fps
    return None


def _is_near(one: ProgressReading, other: ProgressReading) -> bool:
    if one.step is None or other.step is None:
        return False
    return abs(one.step - other.step) <= _NEAR * max(one.step, other.step)


def _completed(count: ProgressReading, others: Sequence[ProgressReading]) -> ProgressReading:
    """The count with the total and the time left of another one that counts the same."""
    if count.total is not None or count.share is not None or count.step is None:
        return count
    for other in others:
        if other.total and _is_near(other, count):
            return msgspec.structs.replace(
                count, total=max(other.total, count.step), eta=count.eta or other.eta
            )
    return count
