"""Draws the objectives of all members, with axes, ticks and a legend.

Pure: what is kept from one drawing to the next only saves time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import NamedTuple

from pbt_tui.tui.render.axes import Axis, ScaleName, axis, short, steps
from pbt_tui.tui.render.curve_cells import CurveCells, XAxis, XName
from pbt_tui.tui.render.dots import Grid, Stroke, painted
from pbt_tui.tui.render.generations import Generations
from pbt_tui.tui.render.hues import GREY, letter
from pbt_tui.tui.text import Line, Span, cells, clip, fit

X_NAMES: tuple[XName, ...] = ("generation", "frames")
_LEGEND = 15
"""Cells of the legend."""
_THICK = 12
"""Rows from which the curve of the member under the cursor is thicker and hides no other."""


class CurveChoices(NamedTuple):
    """What a person chose of the curves."""

    scale: ScaleName | None = None
    """The y axis; None: linear, or clipped where one member would make all others flat."""
    x: XName = "generation"
    """The x axis."""
    chosen: int | None = None
    """The member under the cursor, which is drawn on top and thicker."""
    at: int | None = None
    """The generation that is looked at; None: now."""
    plain: bool = False
    """Whether to draw with ASCII only."""


class Curves:
    """The curves of one population, kept between two drawings."""

    def __init__(self) -> None:
        self._cells = CurveCells()
        self.scale: ScaleName | None = None
        """The y axis of the last drawing; None: nothing was drawn."""
        self._axis: tuple[ScaleName | None, list[list[float]], Axis | None] = (None, [], None)

    def lines(
        self,
        found: Generations,
        hues: Mapping[int, str],
        order: Sequence[int],
        choices: CurveChoices,
        width: int,
        height: int,
    ) -> list[Line]:
        """The picture with its title, `height` lines in all; none if there is nothing to draw.

        Args:
            found: the generations.
            hues: styles of the members that have a colour.
            order: all members, the best first.
            choices: what a person chose.
            width: cells.
            height: rows.
        """
        scale = self._scale(found, choices.scale)
        if scale is not None:
            self.scale = "log" if scale.name == "symlog" else scale.name
        if scale is None or height < 5 or width < 24:
            return []
        ticks = scale.ticks(max(3, (height - 2) // 3))
        margin = max([4, *(cells(text) for _, text in ticks)]) + 3
        legend = _LEGEND if width >= 60 else 0
        grid = Grid(width - margin - legend - 1, height - 2, choices.plain)
        ends = _range(found, choices.x)
        if ends is None or grid.width < 8:
            return []
        x_step = (grid.columns - 1) / ((ends[1] - ends[0]) or 1.0)
        y_step = (grid.rows - 1) / ((scale.high - scale.low) or 1.0)
        x_axis = XAxis(choices.x, ends[0], x_step)
        strokes = []
        for index in _layers(order, hues, choices.chosen):
            member = found.of(index)
            if member is not None:
                thick = index == choices.chosen and grid.height >= _THICK
                drawn = self._cells.cells(member, x_axis, scale, grid, thick=thick)
                strokes.append(Stroke(hues.get(index, GREY), _letter(index, hues), drawn))
        under: dict[int, Span] = {}
        if choices.at is not None and choices.x == "generation":
            column = round((choices.at - ends[0]) * x_step) // (1 if choices.plain else 2)
            under = {row * grid.width + column: ("│", "dim") for row in range(grid.height)}
        rows = painted(strokes, grid, under)
        side = grid.rows // grid.height
        at_row = {round((scale.high - place) * y_step) // side: text for place, text in ticks}
        names = _legend(found, hues, order, choices, grid.height) if legend else []
        title = _title(scale, choices, self._outside(found, scale))
        lines: list[Line] = [clip(title, width)]
        for i, row in enumerate(rows):
            tick = at_row.get(i)
            start = f" {fit(tick or '', margin - 3, '>')} {'┤' if tick else '│'}"
            named = (("  ", ""), *names[i]) if i < len(names) else ()
            lines.append(((start, "dim"), *row, *named))
        lines.append(_x_axis(ends, x_step, grid, margin, choices))
        return lines

    def _scale(self, found: Generations, name: ScaleName | None) -> Axis | None:
        values = [member.objectives for member in found.members]
        old_name, old_values, scale = self._axis
        same = len(old_values) == len(values) and all(map(is_, old_values, values))
        if not same or old_name != name:
            scale = axis(values, name)
            self._axis = name, values, scale
        return scale

    def _outside(self, found: Generations, scale: Axis) -> int:
        if scale.name != "clipped":
            return 0
        return sum(
            not scale.low <= value <= scale.high
            for member in found.members
            if member.low < scale.low or member.high > scale.high
            for value in member.objectives
        )


def _range(found: Generations, x_name: XName) -> tuple[float, float] | None:
    """The ends of the x axis; the upper one is rounded up, so that it rarely moves."""
    if x_name == "generation":
        if found.oldest is None or found.newest is None:
            return None
        low, high = found.oldest, found.newest
    else:
        frames = [
            frame
            for member in found.members
            for life in member.lives
            for step in (member.row.generations[life.first], member.row.generations[life.end - 1])
            if (frame := step.frame) is not None
        ]
        if not frames:
            return None
        low, high = min(0, *frames), max(frames)
    if high > 100:
        unit = max(1, 10 ** (len(str(int(high))) - 1) // 50)
        high = -(-high // unit) * unit
    return float(low), float(high)


def _layers(order: Sequence[int], hues: Mapping[int, str], chosen: int | None) -> list[int]:
    """The members in the order of drawing: grey ones, coloured ones, the one under the cursor."""
    rank = {index: -i for i, index in enumerate(order)}
    return sorted(order, key=lambda i: (i == chosen, i in hues, rank[i]))


def _letter(index: int, hues: Mapping[int, str]) -> str:
    return letter(index) if index in hues else "."


def _title(scale: Axis, choices: CurveChoices, outside: int) -> Line:
    text = f" objective by {choices.x}"
    more = f"  y {scale.name}"
    if outside:
        values = "value is" if outside == 1 else "values are"
        more += f": {outside} {values} outside"
    return ((text, "head"), (more, "dim"))


def _legend(
    found: Generations,
    hues: Mapping[int, str],
    order: Sequence[int],
    choices: CurveChoices,
    height: int,
) -> list[Line]:
    """The members that have a colour, the best first, and how many have none."""
    named = [index for index in order if index in hues]
    others = len(order) - len(named)
    room = height - (others > 0)
    if len(named) > room:
        kept = named[: max(0, room - 1)]
        if choices.chosen in named and choices.chosen not in kept and kept:
            kept[-1] = choices.chosen
        others += len(named) - len(kept)
        named = kept
    lines: list[Line] = []
    for index in named:
        mark = "▌" if index == choices.chosen else " "
        sign = letter(index) if choices.plain else "━━"
        word = " best" if order and index == order[0] else ""
        lines.append(((f"{mark}{sign} {index}{word}", hues[index]),))
    if others:
        lines.append(
            (
                (
                    f" {'.' if choices.plain else '──'} {others} other{'' if others == 1 else 's'}",
                    GREY,
                ),
            )
        )
    return lines


def _x_axis(
    ends: tuple[float, float], x_step: float, grid: Grid, margin: int, choices: CurveChoices
) -> Line:
    """The x axis with its labels in the line: `└1─────5─────10`."""
    low, high = ends
    side = 1 if grid.plain else 2
    text = ["─"] * grid.width
    values = steps(low, high, max(2, grid.width // 10))
    between = values[1] - values[0] if len(values) > 1 else 0.0
    for value in [low, *(v for v in values if v - low > between / 2)]:
        if choices.x == "generation" and value != int(value):
            continue
        label = str(int(value)) if choices.x == "generation" else short(value)
        at = max(0, min(round((value - low) * x_step) // side, grid.width - len(label)))
        if all(c == "─" for c in text[max(0, at - 1) : at + len(label) + 1]):
            text[at : at + len(label)] = label
    spans: list[Span] = [(" " * (margin - 1) + "└", "dim"), ("".join(text), "dim")]
    if choices.at is not None and choices.x == "generation":
        label = str(choices.at)
        at = max(0, min(round((choices.at - low) * x_step) // side, grid.width - len(label)))
        line = "".join(text)
        spans[1:] = [(line[:at], "dim"), (label, "mark"), (line[at + len(label) :], "dim")]
    return tuple(spans)
