"""Draws curves with braille characters: each cell has two columns and four rows of dots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pbt_tui.tui.text import Line, Span, fit

Point = tuple[float, float]
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def chart(series: Sequence[tuple[str, Sequence[Point]]], width: int, height: int) -> list[Line]:
    """Draws `series`: (style, points), the most important last, because it is on top.

    A line ends where x falls, and another one begins.

    A column of dots spans the least and the greatest of its points, so that no spike is lost.
    """
    points = [p for _, line in series for p in line if math.isfinite(p[1])]
    label = 12
    columns, rows = (width - label - 1) * 2, height * 4
    if not points or columns < 8 or height < 2:
        return []
    x0, x1 = min(p[0] for p in points), max(p[0] for p in points)
    y0, y1 = min(p[1] for p in points), max(p[1] for p in points)
    if y0 == y1:
        y0, y1 = y0 - (abs(y0) or 1.0) / 2, y1 + (abs(y1) or 1.0) / 2
    if not math.isfinite(y1 - y0) or y0 == y1:
        return []
    x_step = (columns - 1) / ((x1 - x0) or 1.0)
    y_step = (rows - 1) / (y1 - y0)
    cells = [[0] * (columns // 2) for _ in range(height)]
    styles = [[""] * (columns // 2) for _ in range(height)]
    for style, line in _rising(series):
        for column, low, high in _columns(line, x0, x_step):
            top, bottom = round((y1 - high) * y_step), round((y1 - low) * y_step)
            for row in range(top, bottom + 1):
                cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
                styles[row // 4][column // 2] = style
    lines: list[Line] = []
    for i in range(height):
        value = f"{y1:.4g}" if i == 0 else f"{y0:.4g}" if i == height - 1 else ""
        spans: list[Span] = [(fit(value, label - 2, ">") + " │", "dim")]
        text, last = "", ""
        for dots, style in zip(cells[i], styles[i], strict=True):
            if style != last:
                spans.append((text, last))
                text, last = "", style
            text += chr(0x2800 + dots) if dots else " "
        spans.append((text, last))
        lines.append(tuple(s for s in spans if s[0]))
    return lines


def _rising(
    series: Sequence[tuple[str, Sequence[Point]]],
) -> Iterator[tuple[str, Sequence[Point]]]:
    """The series in pieces in which x rises: a member that began again is another line."""
    for style, line in series:
        first = 0
        for i in range(1, len(line)):
            if line[i][0] <= line[i - 1][0]:
                yield style, line[first:i]
                first = i
        yield style, line[first:]


def _columns(line: Sequence[Point], x0: float, x_step: float) -> list[tuple[int, float, float]]:
    """(column, least, greatest) of the polyline through the points."""
    ranges: dict[int, tuple[float, float]] = {}
    before: tuple[int, float] | None = None
    for x, y in line:
        if not math.isfinite(y):
            before = None
            continue
        column = round((x - x0) * x_step)
        start = before or (column, y)
        last = start[1]
        for between in range(start[0], column + 1):
            share = 1.0 if column == start[0] else (between - start[0]) / (column - start[0])
            value = start[1] + (y - start[1]) * share
            low, high = ranges.get(between, (value, value))
            ranges[between] = (min(low, value, last), max(high, value, last))
            last = value
        before = (column, y)
    return [(column, low, high) for column, (low, high) in sorted(ranges.items())]
