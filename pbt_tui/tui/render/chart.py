"""Draws a few curves with braille characters, with the least and the greatest value beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pbt_tui.tui.render.axes import axis
from pbt_tui.tui.render.dots import Grid, Point, Stroke, columns_of, drawn, painted
from pbt_tui.tui.text import Line, fit

_LABEL = 12
"""Cells of the values beside the curves."""


def chart(series: Sequence[tuple[str, Sequence[Point]]], width: int, height: int) -> list[Line]:
    """Draws curves; a line ends where x falls or y is not finite, and another one begins.

    A column of dots spans the least and the greatest of its points, so that no spike is lost.

    Args:
        series: (style, points) of each curve, the most important last, because it is on top.
        width: cells.
        height: rows.

    Example:
        >>> [len(line) > 0 for line in chart([("good", [(0, 1.0), (9, 3.0)])], 40, 3)]
        [True, True, True]
    """
    points = [p for _, line in series for p in line if math.isfinite(p[1])]
    grid = Grid(width - _LABEL - 1, height)
    scale = axis([[y for _, y in points]], "linear")
    if scale is None or grid.columns < 8 or height < 2:
        return []
    x0, x1 = min(x for x, _ in points), max(x for x, _ in points)
    x_step = (grid.columns - 1) / ((x1 - x0) or 1.0)
    y_step = (grid.rows - 1) / ((scale.high - scale.low) or 1.0)
    strokes = []
    for style, line in series:
        columns = [column for piece in _pieces(line) for column in columns_of(piece, x0, x_step)]
        strokes.append(Stroke(style, "*", drawn(columns, grid, scale.high, y_step)))
    lines: list[Line] = []
    for i, row in enumerate(painted(strokes, grid, {})):
        value = {0: scale.high, height - 1: scale.low}.get(i)
        text = "" if value is None else f"{value:.4g}"
        lines.append(((fit(text, _LABEL - 2, ">") + " │", "dim"), *row))
    return lines


def _pieces(line: Sequence[Point]) -> Iterator[list[Point]]:
    """The parts of a curve in which x rises and y is finite."""
    piece: list[Point] = []
    for x, y in line:
        if piece and (not math.isfinite(y) or x <= piece[-1][0]):
            yield piece
            piece = []
        if math.isfinite(y):
            piece.append((x, y))
    if piece:
        yield piece
