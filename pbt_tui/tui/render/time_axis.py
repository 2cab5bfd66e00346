"""Renders the axis of a time line: ticks in local time, with the day at each midnight.

Must not read the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from pbt_tui.tui.text import Line, Span

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 28, 91, 365, 730, 1825, 3650)),
)
"""Seconds between two ticks."""
_WIDEST = 12
"""Least cells between two ticks: a label, and what separates it from the next one."""
_EARLIEST, _LATEST = 0.0, 1e11
"""Times that have a date on every machine."""


def step_of(cell: float) -> int:
    """The seconds between two ticks, for cells of so many seconds.

    Args:
        cell: Seconds of one cell.

    Example:
        >>> step_of(0.1), step_of(60), step_of(3600)
        (2, 900, 43200)
    """
    return next((step for step in _STEPS if step >= cell * _WIDEST), _STEPS[-1])


def ticks(left: float, right: float, step: int) -> Iterator[tuple[float, bool]]:
    """The moments of the ticks, in Unix seconds, and whether each is a midnight.

    Args:
        left: The first moment.
        right: The last moment.
        step: Seconds between two ticks; of days, whole days.
    """
    left, right = max(_EARLIEST, left), min(_LATEST, right)
    day, every = _midnight(left, 0), max(1, step // _DAY)
    count = 0
    while day <= right:
        after = _midnight(day, every)
        if step >= _DAY:
            if day >= left:
                yield day, True
        else:
            for k in range(max(1, round((after - day) / step))):
                moment = day + k * step
                if left <= moment <= right and moment < after:
                    yield moment, k == 0
                if moment > right:
                    return
        count += 1
        if after <= day or count > 4000:
            return
        day = after


def _midnight(moment: float, days: int) -> float:
    """The begin of the local day of a moment, or of a later one."""
    local = time.localtime(max(_EARLIEST, min(moment, _LATEST)))
    return time.mktime((local.tm_year, local.tm_mon, local.tm_mday + days, 0, 0, 0, 0, 0, -1))


def label(moment: float, step: int, *, midnight: bool) -> str:
    """What stands at a tick: a time of day, or at midnight the day."""
    local = time.localtime(moment)
    if midnight:
        return time.strftime("%Y-%m-%d" if step >= 28 * _DAY else "%a %d %b", local)
    return time.strftime("%H:%M" if step >= _MINUTE else "%H:%M:%S", local)


def axis(left: float, cell: float, columns: int) -> Line:
    """The axis: at each tick a line and its label, as far as it fits.

    Args:
        left: The first moment, in Unix seconds.
        cell: Seconds of one cell.
        columns: Cells.
    """
    step = step_of(cell)
    spans: list[Span] = []
    end = 0
    for moment, midnight in ticks(left, left + cell * columns, step):
        text = "│" + label(moment, step, midnight=midnight)
        at = int((moment - left) / cell)
        if at < end + (1 if end else 0) or at + len(text) > columns:
            continue
        spans += [(" " * (at - end), ""), (text, "title" if midnight else "dim")]
        end = at + len(text)
    if not spans:
        far = cell * columns > _DAY
        text = label(max(_EARLIEST, min(left, _LATEST)), _STEPS[-1] if far else 1, midnight=far)
        text = text[:columns]
        return ((text, "dim"), (" " * (columns - len(text)), ""))
    return (*spans, (" " * (columns - end), ""))


def midnights(left: float, cell: float, columns: int) -> set[int]:
    """The columns in which a day begins; none if ticks are further apart than days."""
    step = step_of(cell)
    if step > _DAY:
        return set()
    found = (int((m - left) / cell) for m, at in ticks(left, left + cell * columns, step) if at)
    return {column for column in found if 0 <= column < columns}
