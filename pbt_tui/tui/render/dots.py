"""A picture of dots: braille with two columns and four rows of dots in a cell, or ASCII letters.

Pure. A stroke is computed for itself, so that a curve that has not changed is not drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pbt_tui.tui.text import Line, Span

Point = tuple[float, float]
Column = tuple[int, float, float]
"""A column of dots, and the least and greatest value that the curve has in it."""
_DOTS = (0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80)
"""The dots of a cell, two in a row, as braille characters count them."""
_SPANS = tuple(
    tuple(
        tuple(sum(_DOTS[row * 2 + side] for row in range(begin, end + 1)) for end in range(4))
        for begin in range(4)
    )
    for side in range(2)
)
"""By side, first and last row of a span: its dots."""


class Grid(NamedTuple):
    """The size of a picture."""

    width: int
    """Cells in a row."""
    height: int
    """Rows of cells."""
    plain: bool = False
    """Whether a cell is one ASCII letter instead of eight dots."""

    @property
    def columns(self) -> int:
        """Columns of dots."""
        return self.width if self.plain else self.width * 2

    @property
    def rows(self) -> int:
        """Rows of dots."""
        return self.height if self.plain else self.height * 4


class Stroke(NamedTuple):
    """One curve on a grid."""

    style: str
    """Its style."""
    letter: str
    """The letter that draws it in ASCII."""
    cells: dict[int, int]
    """Cell, counted by rows, to its dots."""


def columns_of(line: Iterable[Point], x0: float, x_step: float) -> list[Column]:
    """The polyline through points, by columns of dots: no spike is lost.

    Args:
        line: the points; x does not fall.
        x0: x of the first column.
        x_step: columns for a unit of x.

    Example:
        >>> columns_of([(0, 0.0), (2, 4.0)], 0, 1.0)
        [(0, 0.0, 0.0), (1, 0.0, 2.0), (2, 2.0, 4.0)]
    """
    found: list[Column] = []
    before: tuple[int, float] | None = None
    for x, y in line:
        column = round((x - x0) * x_step)
        if before is None:
            found.append((column, y, y))
        elif column == before[0]:
            _, low, high = found[-1]
            if y < low:
                found[-1] = (column, y, high)
            elif y > high:
                found[-1] = (column, low, y)
        else:
            start, last = before
            # Halves, because the difference of two finite numbers need not be finite.
            rise = (y / 2 - last / 2) / (column - start) * 2
            was = last
            for between in range(start + 1, column):
                value = last + rise * (between - start)
                found.append((between, was, value) if was <= value else (between, value, was))
                was = value
            found.append((column, was, y) if was <= y else (column, y, was))
        before = (column, y)
    return found


def drawn(
    columns: Sequence[Column],
    grid: Grid,
    top: float,
    y_step: float,
    *,
    thick: bool = False,
    into: dict[int, int] | None = None,
) -> dict[int, int]:
    """The cells of a curve; what lies outside of the grid is left out.

    Args:
        columns: the curve.
        grid: the size.
        top: value of the first row.
        y_step: rows of dots for a unit of the value.
        thick: whether to draw it with twice as many dots.
        into: cells to add to; None: new ones.
    """
    cells: dict[int, int] = {} if into is None else into
    rows, width, plain, right = grid.rows, grid.width, grid.plain, grid.columns
    bottom, get = rows - 1, cells.get
    for column, low, high in columns:
        first, last = (top - high) * y_step, (top - low) * y_step
        if last < -0.5 or first > bottom + 0.5 or not 0 <= column < right:
            continue
        begin = int(first + 0.5) if first > 0 else 0
        end = int(last + 0.5) if last < bottom else bottom
        if thick:
            begin, end = (begin, end + 1) if end < bottom else (max(0, begin - 1), end)
        if plain:
            for row in range(begin, end + 1):
                cells[row * width + column] = 1
            continue
        cell, spans = (begin >> 2) * width + (column >> 1), _SPANS[column & 1]
        upper, lower = begin >> 2, end >> 2
        if upper == lower:
            cells[cell] = get(cell, 0) | spans[begin & 3][end & 3]
            continue
        cells[cell] = get(cell, 0) | spans[begin & 3][3]
        for _ in range(upper + 1, lower):
            cell += width
            cells[cell] = get(cell, 0) | spans[0][3]
        cell += width
        cells[cell] = get(cell, 0) | spans[0][end & 3]
    return cells


def band(columns: Sequence[tuple[float, float] | None], grid: Grid) -> list[str]:
    """Rows of text in which each column of dots is filled from its low to its high value.

    Args:
        columns: (low, high) from 0 to 1 for each column of dots; None: nothing is known.
        grid: the size.
    """
    cells: dict[int, int] = {}
    for column, known in enumerate(columns):
        if known is not None and all(map(math.isfinite, known)):
            drawn([(column, *known)], grid, 1.0, grid.rows - 1, into=cells)
    return [
        "".join(
            _sign(cells.get(row * grid.width + x, 0), "#", grid.plain) for x in range(grid.width)
        )
        for row in range(grid.height)
    ]


def painted(strokes: Sequence[Stroke], grid: Grid, under: dict[int, Span]) -> list[Line]:
    """The rows of a picture.

    Args:
        strokes: the curves, the most important last, because it is on top.
        grid: the size.
        under: texts of one cell for cells without a dot.
    """
    masks: dict[int, int] = {}
    shown: dict[int, tuple[str, str]] = {}
    for stroke in strokes:
        name = (stroke.style, stroke.letter)
        for cell, mask in stroke.cells.items():
            # A cell has one colour: dots of a curve below would look like those of this one.
            masks[cell] = masks[cell] | mask if shown.get(cell) == name else mask
            shown[cell] = name
    lines: list[Line] = []
    for row in range(grid.height):
        spans: list[Span] = []
        text, last = "", ""
        for cell in range(row * grid.width, (row + 1) * grid.width):
            if cell in shown:
                style, letter = shown[cell]
                sign = _sign(masks[cell], letter, grid.plain)
            else:
                sign, style = under.get(cell, (" ", ""))
            if style != last and sign != " ":
                if text:
                    spans.append((text, last))
                text, last = "", style
            text += sign
        spans.append((text, last))
        lines.append(tuple(spans))
    return lines


def _sign(mask: int, letter: str, plain: bool) -> str:
    if not mask:
        return " "
    return letter if plain else chr(0x2800 + mask)
