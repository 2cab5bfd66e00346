"""The cells of single curves, kept from one drawing to the next.

A curve is cut where an objective is missing or not finite, where generations are missing, where x
falls, and where a member began again. Where a column of dots has many points, the least and the
greatest count.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Literal, NamedTuple

from pbt_tui.tui.render.axes import Axis
from pbt_tui.tui.render.dots import Column, Grid, columns_of, drawn
from pbt_tui.tui.render.generations import MemberLives

XName = Literal["generation", "frames"]
_REGULAR = 0.8
"""Share of equal distances between the numbers of a member, from which a longer one is a gap."""
_DENSE = 2
"""Points in a column of dots from which only the least and the greatest are looked at."""
_KEPT = 6
"""Pictures of a curve that are kept: of two x axes, some scales and sizes."""


class Piece(NamedTuple):
    """A part of a curve without interruption."""

    xs: list[int]
    """Where its points are; they do not fall."""
    ys: list[float]
    """Their values."""


class XAxis(NamedTuple):
    """The x axis of a picture."""

    name: XName
    """What it shows."""
    first: float
    """x of the first column of dots."""
    step: float
    """Columns of dots for a unit of x."""


@dataclass(slots=True, eq=False)
class _Kept:
    """What was computed of one member."""

    of: object
    """The generations that it was computed from."""
    pieces: dict[XName, list[Piece]] = field(default_factory=dict)
    columns: dict[XAxis, list[Column]] = field(default_factory=dict)
    """The curve in values, which no y axis has changed yet."""
    cells: dict[tuple[XAxis, Axis, Grid, bool], dict[int, int]] = field(default_factory=dict)


class CurveCells:
    """The curves of the members of one population."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def cells(
        self, member: MemberLives, x_axis: XAxis, scale: Axis, grid: Grid, *, thick: bool
    ) -> dict[int, int]:
        """The cells of a curve, to their dots.

        Args:
            member: the member.
            x_axis: the x axis.
            scale: the y axis.
            grid: the size.
            thick: whether to draw it with twice as many dots.
        """
        of, index = member.row.generations, member.row.index
        kept = self._kept.get(index)
        if kept is None or kept.of is not of:
            kept = self._kept[index] = _Kept(of)
        key = (x_axis, scale, grid, thick)
        found = kept.cells.get(key)
        if found is None:
            y_step = (grid.rows - 1) / ((scale.high - scale.low) or 1.0)
            columns = _placed(self._columns(kept, member, x_axis), scale)
            found = drawn(columns, grid, scale.high, y_step, thick=thick)
            if len(kept.cells) >= _KEPT:
                del kept.cells[next(iter(kept.cells))]
            kept.cells[key] = found
        return found

    def _columns(self, kept: _Kept, member: MemberLives, x_axis: XAxis) -> list[Column]:
        found = kept.columns.get(x_axis)
        if found is None:
            if x_axis.name not in kept.pieces:
                kept.pieces[x_axis.name] = list(pieces(member, x_axis.name))
            found = []
            for piece in kept.pieces[x_axis.name]:
                length = (piece.xs[-1] - piece.xs[0]) * x_axis.step
                if len(piece.xs) > _DENSE * (length + 1):
                    found += _dense(piece, x_axis)
                else:
                    points = zip(piece.xs, piece.ys, strict=True)
                    found += columns_of(points, x_axis.first, x_axis.step)
            if len(kept.columns) >= _KEPT:
                del kept.columns[next(iter(kept.columns))]
            kept.columns[x_axis] = found
        return found


def pieces(member: MemberLives, x_name: XName) -> Iterator[Piece]:
    """The curve of a member in pieces without interruption.

    Args:
        member: the member.
        x_name: the x axis.
    """
    steps, by_number = member.row.generations, x_name == "generation"
    for life in member.lives:
        longest = _longest(life.numbers)
        xs: list[int] = []
        ys: list[float] = []
        number = 0
        for step in steps[life.first : life.end]:
            objective = step.objective
            x = step.generation if by_number else step.frame
            if objective is None or x is None or not isfinite(objective):
                if xs:
                    yield Piece(xs, ys)
                    xs, ys = [], []
                continue
            if xs and (x < xs[-1] or (longest and step.generation - number > longest)):
                yield Piece(xs, ys)
                xs, ys = [], []
            xs.append(x)
            ys.append(objective)
            number = step.generation
        if xs:
            yield Piece(xs, ys)


def _longest(numbers: Sequence[int]) -> int:
    """The longest distance between two numbers that is no gap; 0: any distance is usual."""
    distances = Counter(b - a for a, b in pairwise(numbers))
    if not distances:
        return 0
    usual, count = distances.most_common(1)[0]
    return usual if usual and count >= _REGULAR * (len(numbers) - 1) else 0


def _dense(piece: Piece, x_axis: XAxis) -> list[Column]:
    """The columns of a piece with many points in each."""
    xs, ys = piece
    found: list[Column] = []
    begin = 0
    for column in range(
        round((xs[0] - x_axis.first) * x_axis.step),
        round((xs[-1] - x_axis.first) * x_axis.step) + 1,
    ):
        end = bisect_left(xs, x_axis.first + (column + 0.5) / x_axis.step, begin)
        if end > begin:
            some = ys[max(0, begin - 1) : end]  # with the last one, so that the columns join
            found.append((column, min(some), max(some)))
        elif 0 < end < len(xs):
            x = x_axis.first + column / x_axis.step
            share = (x - xs[end - 1]) / (xs[end] - xs[end - 1])
            value = ys[end - 1] * (1 - share) + ys[end] * share
            found.append((column, value, value))
        begin = end
    return found


def _placed(columns: list[Column], scale: Axis) -> list[Column]:
    """The curve on the y axis."""
    if scale.sign > 0:
        log = math.log10
        return [(column, log(low), log(high)) for column, low, high in columns]
    if scale.sign < 0 or scale.linear_within:
        place = scale.place
        return [(column, place(low), place(high)) for column, low, high in columns]
    return columns
