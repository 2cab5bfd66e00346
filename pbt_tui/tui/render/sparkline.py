"""Draws a short series as one line of blocks.

Pure: the same series always gives the same text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pbt_tui.observe.progress import Number, Series

BLOCKS = "▁▂▃▄▅▆▇"
"""Without the full block: sparklines in rows below each other stay apart."""
HOUR = 3600.0
"""Seconds that a sparkline of the job table shows."""


def last_hour(series: Series, now: float, width: int) -> str:
    """The objective of the last hour in `width` cells, or of its last hour if that is longer ago.

    A cell has the newest value of its time. A cell without one is blank where the curve is
    interrupted, and has the value before where a point is only missing.

    Args:
        series: The series.
        now: The time of drawing, in Unix seconds.
        width: Cells.

    Example:
        >>> series = Series((0.0, 1800.0, 3599.0), (1, 2, 3), (1.0, 2.0, 3.0), (None,) * 3)
        >>> last_hour(series, 3600.0, 4)
        '▁▁▄▇'
    """
    if not series.at or width <= 0:
        return ""
    end = now if 0 <= now - series.at[-1] < HOUR else series.at[-1]
    begin = max(end - HOUR, series.at[0])
    span = max(end - begin, 1.0)
    cells: list[float | None] = [None] * width
    joined = [False] * width
    last = -1
    for i, (at, objective) in enumerate(zip(series.at, series.objective, strict=True)):
        value = finite(objective)
        if at < begin:
            continue
        cell = min(width - 1, max(0, int((at - begin) / span * width)))
        if value is not None:
            cells[cell] = value
        if last >= 0 and i not in series.breaks and cells[last] is not None and value is not None:
            for between in range(last + 1, cell):
                joined[between] = True
        last = cell
    return _drawn(cells, joined)


def counted(counts: Sequence[int]) -> str:
    """Numbers of events in parts of a time, a cell each; the lowest block is a part without one.

    Example:
        >>> counted((0, 1, 0, 8))
        '▁▂▁▇'
    """
    most, top = max(counts, default=0), len(BLOCKS) - 1
    return "".join(BLOCKS[-(-count * top // most) if most else 0] for count in counts)


def finite(value: Number | None) -> float | None:
    """The value, if it is a finite number."""
    number = None if value is None else float(value)
    return number if number is not None and math.isfinite(number) else None


def _drawn(cells: Sequence[float | None], joined: Sequence[bool]) -> str:
    known = [value for value in cells if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    text, before = "", " "
    for value, carry in zip(cells, joined, strict=True):
        if value is not None:
            share = 0.5 if low == high else value / 2 - low / 2
            share = share if low == high else share / (high / 2 - low / 2)
            before = BLOCKS[min(len(BLOCKS) - 1, int(share * len(BLOCKS)))]
            text += before
        else:
            text += before if carry else " "
    return text
