"""Draws the objective of one job over its steps or its time, with both axes.

Pure. It draws what a series holds: a gap stays a gap, and a new attempt begins a new line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from pbt_tui.journal.status_text import duration, short_number
from pbt_tui.observe.progress import Series
from pbt_tui.tui.render.sparkline import finite
from pbt_tui.tui.text import Line, Span, fit

_LABEL = 9
"""Cells of the labels of the y axis."""
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MOST = 4e307
"""The largest value that is drawn as it is: the height of a chart has to be a finite number."""
_Point = tuple[float, float]


def job_curve(
    series: Series, width: int, height: int, *, unit: str = "steps", ascii_only: bool = False
) -> list[Line]:
    """The curve, in `height` lines of `width` cells; empty where there is nothing to draw.

    Args:
        series: The values over time.
        width: Cells of a line.
        height: Lines, of which the last one is the x axis.
        unit: What the steps count.
        ascii_only: Whether a point is a letter instead of braille dots.

    Example:
        >>> lines = job_curve(Series((0.0, 9.0), (0, 90), (1.0, 3.0), (None, None)), 40, 6)
        >>> len(lines), "".join(text for text, _ in lines[-1]).split()[-1]
        (6, 'steps')
    """
    pieces, by_step = _pieces(series)
    points = [point for piece in pieces for point in piece]
    columns, rows = width - _LABEL - 1, height - 1
    if len(points) < 2 or columns < 16 or rows < 3:
        return []
    x0, x1 = min(p[0] for p in points), max(p[0] for p in points)
    y0, y1 = _ends(min(p[1] for p in points), max(p[1] for p in points))
    across, down = (1, 1) if ascii_only else (2, 4)
    last_x, last_y = columns * across - 1, rows * down - 1
    wide, tall = (x1 - x0) or 1.0, y1 - y0
    masks = [[0] * columns for _ in range(rows)]
    for piece in pieces:
        for x, low, high in _columns([((p[0] - x0) / wide * last_x, p[1]) for p in piece]):
            top, bottom = ((y1 - value) / tall * last_y for value in (high, low))
            for y in range(round(top), round(bottom) + 1):
                masks[y // down][x // across] |= _DOTS[y % down][x % across]
    every = max(3, rows // 5)
    ticks = {row: y1 - (y1 - y0) * row / (rows - 1) for row in range(0, rows - every // 2, every)}
    ticks[rows - 1] = y0
    lines: list[Line] = []
    under, fill = [False] * columns, "." if ascii_only else "·"
    for row, cells in enumerate(masks):
        label = f"{ticks[row]:.4g}" if row in ticks else ""
        axis = "┤" if row in ticks else "│"
        spans: list[Span] = [(fit(label, _LABEL, ">") + axis, "dim")]
        signs = [
            _sign(mask, ascii_only) or (fill if below else " ")
            for mask, below in zip(cells, under, strict=True)
        ]
        styles = ["run" if mask else "dim" for mask in cells]
        for style, run in groupby(zip(styles, signs, strict=True), key=itemgetter(0)):
            spans.append(("".join(sign for _, sign in run), style))
        lines.append(tuple(spans))
        under = [below or bool(mask) for below, mask in zip(under, cells, strict=True)]
    return [*lines, _x_axis(x0, x1, columns, unit if by_step else "")]


def _pieces(series: Series) -> tuple[list[list[_Point]], bool]:
    """The pieces of the curve, and whether x is the step; else it is the time."""
    by_step = all(step is not None for step in series.step) and len(set(series.step)) > 1
    xs = [float(x or 0) for x in series.step] if by_step else list(series.at)
    pieces: list[list[_Point]] = [[]]
    for i, (x, told) in enumerate(zip(xs, series.objective, strict=True)):
        value = finite(told)
        falls = pieces[-1] and x < pieces[-1][-1][0]
        if value is None or not math.isfinite(x):
            pieces.append([])
            continue
        if i in series.breaks or falls:
            pieces.append([])
        pieces[-1].append((x, max(-_MOST, min(_MOST, value))))
    return [piece for piece in pieces if piece], by_step


def _ends(low: float, high: float) -> tuple[float, float]:
    """The ends of the y axis: not equal, and so far apart as a number can tell."""
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    return max(-_MOST, low), min(_MOST, high)


def _columns(piece: list[_Point]) -> Iterator[tuple[int, float, float]]:
    """(column, least, greatest) of the line through the points."""
    x, y = piece[0]
    before, last = round(x), y
    yield before, y, y
    for x, y in piece[1:]:
        column = round(x)
        start, begin = before, last
        for between in range(start + 1, column + 1):
            share = (between - start) / (column - start)
            value = begin + (y - begin) * share
            yield between, min(last, value), max(last, value)
            last = value
        if column == start:
            yield column, min(last, y), max(last, y)
        before, last = column, y


def _x_axis(x0: float, x1: float, columns: int, unit: str) -> Line:
    """The axis with its ends and what lies between them."""
    count = max(2, min(6, columns // 16))
    whole = bool(unit) and x0.is_integer() and x1.is_integer()  # steps have no halves
    if whole:
        count = max(2, min(count, int(x1 - x0) + 1))
    text = ""
    for k in range(count):
        x = x0 + (x1 - x0) * k / (count - 1)
        x = float(round(x)) if whole else x
        label = short_number(x) if unit else duration(x - x0)
        place = round((columns - 1) * (x - x0) / ((x1 - x0) or 1.0))
        begin = place if k == 0 else place - len(label) // 2
        tail = f" {unit or 'since the first value'}"
        if k == count - 1:
            label += tail
            begin = columns - len(label)
        if begin > len(text) or k == 0:
            text = text.ljust(begin) + label
    axis: Span = (" " * _LABEL + "└", "dim")
    return (axis, (fit(text, columns), "dim"))


def _sign(mask: int, ascii_only: bool) -> str:
    if not mask:
        return ""
    return "*" if ascii_only else chr(0x2800 + mask)
