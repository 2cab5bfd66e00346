"""Draws the table of a comparison: a column for each parameter that differs, and what is told.

Pure. The columns behind the name scroll; those that do not fit are named below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pbt_tui.tui.render.comparison import Comparison, FigureColumn
from pbt_tui.tui.render.comparison_parameters import NONE, ParameterColumn, distinct
from pbt_tui.tui.render.comparison_series import Contender
from pbt_tui.tui.render.hues import GREY, letter
from pbt_tui.tui.text import Line, Span, cells, clip, cut, fit, safe

_GAP = "  "
_STATE = 11
"""Cells of the state."""
_NAMES = ((140, 36), (100, 26), (0, 18))
"""Cells of a table, and of the names in it at most."""


class _Shown(NamedTuple):
    """A column in the table."""

    column: ParameterColumn | FigureColumn
    width: int


class ComparisonTable:
    """The table at one width.

    Args:
        found: the comparison.
        width: cells.
    """

    def __init__(self, found: Comparison, width: int) -> None:
        self.found = found
        self.width = width
        names = [safe(one.name) for one in found.contenders]
        most = next(size for least, size in _NAMES if width >= least)
        self.name = max(4, min(most, max(map(cells, names), default=4)))
        shown = distinct(names, max(6, self.name))
        self.name = max(4, max(map(cells, shown), default=4))
        self._names = shown
        fixed = 4 + self.name + len(_GAP) + _STATE
        objective, *rest = found.told
        self.columns: list[ParameterColumn | FigureColumn] = [
            objective,
            *found.differences.columns,
            *rest,
        ]
        """All columns that scroll, the most important first."""
        self.first = max(0, min(found.choices.first, len(self.columns) - 1))
        """How many of them are scrolled out."""
        self.shown: list[_Shown] = []
        room = width - fixed
        for column in self.columns[self.first :]:
            size = column.width
            if size + len(_GAP) > room:
                break
            room -= size + len(_GAP)
            self.shown.append(_Shown(column, size))
        if not self.shown and room > len(_GAP) + 3:
            self.shown = [_Shown(self.columns[self.first], room - len(_GAP))]

    @property
    def cut(self) -> list[str]:
        """Titles of the columns that are not shown."""
        shown = {id(one.column) for one in self.shown}
        return [column.title for column in self.columns if id(column) not in shown]

    def head(self) -> Line:
        """The titles."""
        by = self.found.choices.sort
        line: list[Span] = [
            ("    " + fit("NAME", self.name), _style(by == "n")),
            (_GAP + fit("STATE", _STATE), _style(by == "s")),
        ]
        column = self.found.sorted_column
        for one in self.shown:
            is_key = one.column is column or (
                isinstance(one.column, FigureColumn) and one.column.letter == by
            )
            title = distinct_title(one.column.title, one.width)
            line.append((_GAP + fit(title, one.width, ">"), _style(is_key)))
        return clip(tuple(line), self.width)

    def column_at(self, x: int) -> str | None:
        """The letter of the order that a click on this cell of the head chooses."""
        end = 4 + self.name
        if x < end:
            return "n"
        end += len(_GAP) + _STATE
        if x < end:
            return "s"
        for one in self.shown:
            end += len(_GAP) + one.width
            if x < end:
                if isinstance(one.column, FigureColumn):
                    return one.column.letter
                place = self.found.differences.columns.index(one.column)
                return str(place + 1) if place < 9 else None
        return None

    def line(self, one: Contender) -> Line:
        """The row of a contender."""
        found = self.found
        hue = found.hues.get(one.number, GREY)
        sign = "──" if one.number not in found.hues else "━━"
        if found.choices.plain:
            sign = f"{letter(one.number) if one.number in found.hues else '.'} "
        line: list[Span] = [
            (f" {sign} ", hue),
            (fit(self._names[one.number], self.name), hue if one.number in found.hues else ""),
            (_GAP + fit(one.state[0], _STATE), one.state[1]),
        ]
        for shown in self.shown:
            text, style = cell(found, shown.column, one)
            line.append((_GAP + fit(text, shown.width, ">"), style))
        return clip(tuple(line), self.width)

    def below(self) -> list[Line]:
        """What the table has no room for; empty: it shows everything."""
        if not self.cut:
            return []
        names = ", ".join(self.cut)
        text = f" {len(self.cut)} more columns: " if len(self.cut) > 1 else " 1 more column: "
        return [
            clip(
                (
                    (" ← →", "key"),
                    (text, "dim"),
                    (cut(names, max(8, self.width - 5 - len(text))), ""),
                ),
                self.width,
            )
        ]


def cell(found: Comparison, column: ParameterColumn | FigureColumn, one: Contender) -> Span:
    """The text of a cell, and its style.

    Args:
        found: the comparison.
        column: the column.
        one: the contender in whose row it is.
    """
    if isinstance(column, ParameterColumn):
        text = column.texts[one.number]
        return text, "dim" if text == NONE else ""
    value = column.value(one)
    if value is None:
        return ("not yet" if column.letter == "t" and one.is_active else NONE), "dim"
    return column.text(value), "" if math.isfinite(value) else "bad"


def distinct_title(title: str, width: int) -> str:
    """A title in its cells: of one that is too long, the end, which tells most.

    Args:
        title: the title.
        width: cells.
    """
    return title if cells(title) <= width else "…" + title[-(width - 1) :]


def _style(is_key: bool) -> str:
    return "title" if is_key else "head"


def summary(
    found: Comparison, width: int, *, note: Span = ("", ""), what: str = "jobs"
) -> list[Line]:
    """What differs and what does not, and what was left out.

    Args:
        found: the comparison.
        width: cells.
        note: what a person should know of the choice of those that are compared.
        what: what is compared.
    """
    count = len(found.contenders)
    differ = found.differences.columns
    left: list[Span] = [(f" {count} {what} compared", "title"), ("  ", "")]
    if not differ:
        left.append(("no parameter differs", "warn"))
    else:
        names = ", ".join(column.title for column in differ)
        many = "1 parameter differs: " if len(differ) == 1 else f"{len(differ)} differ: "
        left += [(many, "dim"), (names, "")]
    lines = [clip(tuple(left), width)]
    if note[0]:
        lines.append(clip(((" ", ""), note), width))
    if found.are_mixed:
        told = " rewards and losses are compared: a loss is better where it is smaller"
        lines.append(clip(((told, "warn"),), width))
    lines.append(_same(found.differences.same, width))
    return lines


def _same(same: Sequence[tuple[str, str]], width: int) -> Line:
    """`same: seed 1, num_envs 4096`, with as many parameters as fit."""
    head: Span = (" same: ", "head")
    if not same:
        return clip((head, ("no parameter", "dim")), width)
    text, left = "", len(same)
    for name, value in same:
        one = f"{', ' if text else ''}{name} {value}"
        more = f" and {left - 1} more" if left > 1 else ""
        if cells(text + one + more) > width - 7:
            if not text:
                return clip((head, (cut(one, max(8, width - 7 - cells(more))) + more, "")), width)
            break
        text, left = text + one, left - 1
    if left:
        text = f"{text} and {left} more"
    return clip((head, (text, "")), width)


def tsv(found: Comparison) -> str:
    """The whole comparison as tab-separated values: names, parameters, numbers.

    Args:
        found: the comparison.
    """
    columns = found.differences.columns
    head = ["name", "state", *(column.name for column in columns)]
    head += [told.title.lower() for told in found.told]
    rows = [[safe(text) for text in head]]
    for one in found.rows:
        row = [one.name, one.state[0].partition(" ")[2]]
        values = (column.whole[one.number] for column in columns)
        row += ["" if value == NONE else value for value in values]
        row += ["" if (v := told.value(one)) is None else f"{v:.10g}" for told in found.told]
        rows.append([safe(text) for text in row])
    text = "\n".join("\t".join(row) for row in rows)
    same = "\t".join(f"{name}={value}" for name, value in found.differences.same)
    return f"{text}\nsame\t{same}" if same else text
