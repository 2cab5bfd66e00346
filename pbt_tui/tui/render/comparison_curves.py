"""Draws the curves of a comparison over one another, with both axes and a legend.

Pure. A curve is cut at gaps, at new attempts and where x falls; a value that is no number is a
cross at the edge of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pbt_tui.journal.status_text import duration
from pbt_tui.tui.render.axes import Axis, ScaleName, axis, short, steps
from pbt_tui.tui.render.comparison import Comparison
from pbt_tui.tui.render.comparison_parameters import distinct
from pbt_tui.tui.render.comparison_series import Contender, Traced, traced
from pbt_tui.tui.render.dots import Grid, Stroke, columns_of, drawn, painted
from pbt_tui.tui.render.hues import GREY, letter
from pbt_tui.tui.text import Line, Span, both, cells, clip, fit, length, safe

LEAST = 6
"""Lines of a picture at least."""
_LEGENDS = ((150, 46), (110, 34), (76, 22), (56, 14))
"""Cells of a picture, and those of its legend from there on at most."""
_VALUE = 10
"""Cells of a value in the legend."""
_THICK = 12
"""Rows from which the curve under the cursor is thicker and hides no other."""
_SECONDS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 4 * 3600, 6 * 3600, 12 * 3600, 86400),
)
"""Round distances in time."""
_KEPT = 4
"""Drawings of one curve that are kept."""


class _Ends(NamedTuple):
    """The x axis of a picture."""

    low: float
    high: float
    step: float
    """Columns of dots for a unit of x."""


class _Drawing(NamedTuple):
    """What the cells of a curve depend on, besides its values."""

    what: tuple[str, str]
    ends: _Ends
    scale: Axis
    grid: Grid
    thick: bool


class ComparisonCurves:
    """The curves of one comparison."""

    def __init__(self) -> None:
        self.scale: ScaleName | None = None
        """The y axis of the last drawing; None: nothing was drawn."""

    def lines(self, found: Comparison, width: int, height: int) -> list[Line]:
        """The picture with its title, in `height` lines; fewer if there is nothing to draw.

        Args:
            found: the comparison.
            width: cells.
            height: lines.
        """
        of = {one.number: traced(one, found.measure, found.x) for one in found.contenders}
        values = [[y for piece in one.pieces for _, y in piece] for one in of.values()]
        scale = axis(values, found.choices.scale)
        if height < LEAST or width < 30:
            return []
        if scale is None:
            return [((f"  no {found.measure} is known of these yet", "dim"),)]
        self.scale = "log" if scale.name == "symlog" else scale.name
        return _lines(found, of, scale, width, height)


def _lines(
    found: Comparison, of: Mapping[int, Traced], scale: Axis, width: int, height: int
) -> list[Line]:
    legend = next((size for least, size in _LEGENDS if width >= least), 0)
    longest = max(cells(safe(one.name)) for one in found.contenders)
    legend = min(legend, 6 + max(8, longest) + (_VALUE if width >= 110 else 0))
    ticks = scale.ticks(max(3, (height - 2) // 3))
    margin = max([4, *(cells(text) for _, text in ticks)]) + 3
    grid = Grid(width - margin - legend - 1, height - 2, found.choices.plain)
    ends = _ends(list(of.values()), found.x, grid)
    what = (found.measure, found.x)
    order = _layers(found)
    strokes = []
    for one in order:
        thick = one.number == found.choices.chosen and grid.height >= _THICK
        drawing = _Drawing(what, ends, scale, grid, thick)
        style = found.hues.get(one.number, GREY)
        sign = letter(one.number) if one.number in found.hues else "."
        strokes.append(Stroke(style, sign, _cells(one, of[one.number], drawing)))
    y_step = (grid.rows - 1) / ((scale.high - scale.low) or 1.0)
    under = _threshold(found, scale, grid, y_step)
    for one in order:
        under |= _crosses(found, one, of[one.number], ends, grid)
    rows = painted(strokes, grid, under)
    side = grid.rows // grid.height
    at_row = {round((scale.high - place) * y_step) // side: text for place, text in ticks}
    names = _legend(found, grid.height, legend - 2, with_value=width >= 110) if legend else []
    lines: list[Line] = [_title(found, scale, list(of.values()), width)]
    for i, row in enumerate(rows):
        tick = at_row.get(i)
        start = f" {fit(tick or '', margin - 3, '>')} {'┤' if tick else '│'}"
        named = (("  ", ""), *names[i]) if i < len(names) else ()
        lines.append(((start, "dim"), *row, *named))
    lines.append(_x_axis(found, ends, grid, margin))
    return lines


def _layers(found: Comparison) -> list[Contender]:
    """In the order of drawing: grey ones, coloured ones, the one under the cursor."""
    chosen = found.choices.chosen
    worst_first = reversed(found.ranked)
    return sorted(worst_first, key=lambda one: (one.number == chosen, one.number in found.hues))


def _ends(of: Sequence[Traced], x: str, grid: Grid) -> _Ends:
    """The ends of the x axis; the upper one is rounded up, so that it rarely moves."""
    xs = [x for one in of for piece in one.pieces for x in (piece[0][0], piece[-1][0])]
    xs += [x for one in of for x, _ in one.odd]
    low, high = min(xs), max(xs)
    low = 0.0 if x != "generation" and 0 <= low < 0.4 * high else low
    if high > 100 and high > low:
        unit = max(1.0, 10.0 ** (len(str(int(high - low))) - 1) / 50)
        high = -(-high // unit) * unit
    return _Ends(low, high, (grid.columns - 1) / ((high - low) or 1.0))


def _cells(one: Contender, found: Traced, drawing: _Drawing) -> dict[int, int]:
    """The cells of one curve, which are kept: most curves do not change from second to second."""
    kept: dict[object, dict[int, int]] = one.kept.setdefault("cells", {})
    if drawing not in kept:
        _, ends, scale, grid, thick = drawing
        y_step = (grid.rows - 1) / ((scale.high - scale.low) or 1.0)
        made: dict[int, int] = {}
        for piece in found.pieces:
            columns = [
                (column, scale.place(low), scale.place(high))
                for column, low, high in columns_of(piece, ends.low, ends.step)
            ]
            drawn(columns, grid, scale.high, y_step, thick=thick, into=made)
        if len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[drawing] = made
    return kept[drawing]


def _threshold(found: Comparison, scale: Axis, grid: Grid, y_step: float) -> dict[int, Span]:
    """A dotted line at the threshold."""
    if found.threshold is None:
        return {}
    place = scale.place(found.threshold.value)
    if not scale.low <= place <= scale.high:
        return {}
    row = round((scale.high - place) * y_step) // (grid.rows // grid.height)
    return {row * grid.width + x: ("·", "dim") for x in range(0, grid.width, 2)}


def _crosses(
    found: Comparison, one: Contender, of: Traced, ends: _Ends, grid: Grid
) -> dict[int, Span]:
    """A cross for each value that is no number: at the top for infinity, else at the bottom."""
    side = grid.columns // grid.width
    crosses: dict[int, Span] = {}
    for x, y in of.odd:
        column = min(grid.width - 1, round((x - ends.low) * ends.step) // side)
        row = 0 if y > 0 else grid.height - 1
        crosses[row * grid.width + column] = ("×", found.hues.get(one.number, GREY))
    return crosses


def _title(found: Comparison, scale: Axis, of: Sequence[Traced], width: int) -> Line:
    names = {"steps": " and ".join(found.units) or "steps", "time": "time since its start"}
    left: list[Span] = [(f" {found.measure} by {names.get(found.x, found.x)}", "head")]
    more = f"  y {'log' if scale.name == 'symlog' else scale.name}"
    if scale.name == "clipped":
        outside = sum(
            not scale.low <= y <= scale.high for one in of for p in one.pieces for _, y in p
        )
        if outside:
            more += f": {outside} {'value is' if outside == 1 else 'values are'} outside"
    left.append((more, "dim"))
    hidden = sum(1 for one in of if one.hidden and not one.pieces)
    if hidden:
        left.append((f"  {hidden} without {found.x}", "warn"))
    odd = sum(len(one.odd) for one in of)
    if odd:
        left.append((f"  × {odd} no number", "bad"))
    limit = found.threshold
    if limit is None:
        return clip(tuple(left), width)
    share, value = f"{100 * found.choices.share:g} %", found.value_text(limit.value)
    ends = f"from {found.value_text(limit.begin)} to {found.value_text(limit.best)}"
    right: Line = ((f"{share} of the way {ends}: {value} ", "dim"),)
    if length(left) + length(right) > width - 2:
        right = ((f"{share}: {value} ", "dim"),)
    return both(tuple(left), right, width)


def _legend(found: Comparison, height: int, width: int, *, with_value: bool) -> list[Line]:
    """Those that have a colour, the best first, each with its newest value."""
    chosen = found.choices.chosen
    named = [one for one in found.ranked if one.number in found.hues]
    others = len(found.ranked) - len(named) - found.without
    room = height - (others > 0) - (found.without > 0)
    if len(named) > room:
        kept = named[: max(0, room - 1)]
        if kept and all(one.number != chosen for one in kept):
            kept[-1] = next((one for one in named if one.number == chosen), kept[-1])
        others += len(named) - len(kept)
        named = kept
    told = found.told[0]
    size = max(6, width - 4 - (_VALUE if with_value else 0))
    names = distinct([safe(one.name) for one in named], size)
    lines: list[Line] = []
    for one, name in zip(named, names, strict=True):
        mark = "▌" if one.number == chosen else " "
        sign = f"{letter(one.number)} " if found.choices.plain else "━━"
        value = told.value(one) if with_value else None
        line: list[Span] = [(f"{mark}{sign} {fit(name, size)}", found.hues[one.number])]
        if value is not None:
            line.append((fit(told.text(value), _VALUE, ">"), ""))
        lines.append(tuple(line))
    if others:
        sign = ". " if found.choices.plain else "──"
        lines.append(((f" {sign} {others} other{'' if others == 1 else 's'}", GREY),))
    if found.without:
        lines.append(((f"    {found.without} without", GREY),))
    return lines


def _x_axis(found: Comparison, ends: _Ends, grid: Grid, margin: int) -> Line:
    """The x axis with its labels in the line: `└0─────5m00─────10m00`."""
    side = 1 if grid.plain else 2
    text = ["─"] * grid.width
    most = max(2, grid.width // 12)
    if found.x == "time":
        values = _times(ends.low, ends.high, most)
        values = values if len(values) > 1 else [ends.low, ends.high]
    else:
        values = [ends.low, *steps(ends.low, ends.high, most)]
    label = duration if found.x == "time" else short
    for value in values:
        if found.x == "generation" and value != int(value):
            continue
        name = "0" if not value else label(value)
        at = max(0, min(round((value - ends.low) * ends.step) // side, grid.width - len(name)))
        if all(c == "─" for c in text[max(0, at - 1) : at + len(name) + 1]):
            text[at : at + len(name)] = name
    return ((" " * (margin - 1) + "└", "dim"), ("".join(text), "dim"))


def _times(low: float, high: float, most: int) -> list[float]:
    """Round times between two, at most about `most` of them."""
    days = [86400 * k for k in (2, 5, 10, 20, 50, 100, 1000, 100_000)]
    size = next((s for s in (*_SECONDS, *days) if (high - low) / s <= most), None)
    if size is None:
        return []
    first = -(-low // size)
    return [(first + k) * size for k in range(int(high // size - first) + 1)]
