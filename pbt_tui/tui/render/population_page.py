"""Arranges the pictures of a population in the space below the table of its members.

Pure. In a wide terminal the pictures stand beside each other, in a high one below each other; in a
small one there is one, and a key turns to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pbt_tui.observe.snapshot_types import MemberRow
from pbt_tui.tui.render import round_lines
from pbt_tui.tui.render.curves import CurveChoices
from pbt_tui.tui.render.heat_map import MARGIN, heat_map
from pbt_tui.tui.render.lineage_picture import lineage
from pbt_tui.tui.render.population_view import PICTURES, Choices, Picture, PopulationView
from pbt_tui.tui.text import Line, clip, length

_WIDE = 150
"""Cells from which pictures stand beside each other."""
_LEFT = 0.62
"""Share of the left ones."""
_HIGH = 18
"""Rows from which there is more than one picture."""
_DRIFT = 12
"""Rows of the drift beside other pictures."""
_ROUNDS = 6
"""Rows of the decisions below other pictures."""
_AIRY = 24
"""Rows from which there is a blank one between two pictures."""
_LEAST = 4


class Arranged(NamedTuple):
    """The pictures of a page."""

    lines: list[Line]
    """The rows."""
    shown: list[Picture]
    """Which pictures they are."""


class _Painter:
    """Draws single pictures of one view."""

    def __init__(
        self,
        view: PopulationView,
        order: Sequence[MemberRow],
        choices: Choices,
        chosen: int | None,
        now: float,
    ) -> None:
        self._view = view
        self._order = [member.index for member in order]
        self._choices = choices
        self._chosen = chosen
        self._now = now
        self.shown: list[Picture] = []

    def lines(self, picture: Picture, width: int, height: int) -> list[Line]:
        view, choices = self._view, self._choices
        found: list[Line] = []
        if picture == "curves":
            found = view.curves.lines(
                view.generations,
                view.hues(self._chosen),
                self._order,
                CurveChoices(choices.scale, choices.x, self._chosen, choices.at, choices.plain),
                width,
                height,
            )
        elif picture == "lineage":
            found = lineage(
                view.generations,
                view.lineages,
                view.founder_hues(),
                self._chosen,
                choices.at,
                width,
                height,
            )
        elif picture == "heat map":
            if width >= MARGIN + 8:
                shades, members = view.heat(width - MARGIN - 1), view.generations.members
                found = heat_map(shades, members, self._chosen, choices.at, height)
        elif picture == "drift":
            found = view.drift.lines(view.generations, choices.at, width, height, choices.plain)
        elif choices.at is not None:
            found = round_lines.decided(view.row, choices.at, width, height)
        else:
            found = round_lines.told(view.row, width, height, self._now)
        if found:
            self.shown.append(picture)
        return found

    def rows(self) -> int:
        """Rows of a picture with one row for each member."""
        return sum(len(m.lives) for m in self._view.generations.members) + 1


def arranged(
    view: PopulationView,
    order: Sequence[MemberRow],
    choices: Choices,
    chosen: int | None,
    now: float,
    width: int,
    height: int,
) -> Arranged:
    """The pictures for a space.

    Args:
        view: the population.
        order: its members, the best first.
        choices: what a person chose.
        chosen: the member under the cursor.
        now: Unix seconds.
        width: cells.
        height: rows.
    """
    painter = _Painter(view, order, choices, chosen, now)
    if height < 2:
        return Arranged([], [])
    if view.generations.newest is None:
        return Arranged(painter.lines("rounds", width, height), painter.shown)
    if choices.picture != "together":
        lines = _alone(painter, choices.picture, width, height)
    elif width >= _WIDE and height >= _HIGH:
        lines = _beside(painter, width, height)
    elif height >= _HIGH:
        lines = _below(painter, width, height)
    else:
        lines = _alone(painter, "curves", width, height)
    return Arranged(lines[:height], sorted(painter.shown, key=PICTURES.index))


def _alone(painter: _Painter, picture: Picture, width: int, height: int) -> list[Line]:
    """One picture, and what was decided where it leaves room."""
    room = height
    if picture == "curves" and height >= _HIGH:
        room = height - _ROUNDS
    lines = painter.lines(picture, width, room)
    left = height - len(lines)
    if picture != "rounds" and left >= (_LEAST if lines else 2):
        lines = [
            *lines,
            *([()] if lines else []),
            *painter.lines("rounds", width, left - bool(lines)),
        ]
    return lines


def _below(painter: _Painter, width: int, height: int) -> list[Line]:
    """Curves, lineage and decisions below each other; in high terminals also the drift."""
    blank = 1 if height >= _AIRY else 0
    rounds_ = min(_ROUNDS, max(3, height // 5))
    rows = min(painter.rows(), (height - rounds_ - 2 * blank) // 2)
    lineage_ = painter.lines("lineage", width, rows)
    drift = painter.lines("drift", width, _ROUNDS) if height >= 2 * _HIGH else []
    rounds = painter.lines("rounds", width, rounds_)
    others = [block for block in (lineage_, drift, rounds) if block]
    left = height - sum(map(len, others)) - blank * len(others)
    curves = painter.lines("curves", width, left)
    lines: list[Line] = []
    for block in (curves, *others):
        lines += [()] * blank if lines and block else []
        lines += block
    return lines


def _beside(painter: _Painter, width: int, height: int) -> list[Line]:
    """Curves above the lineage, and beside them what was decided above the drift."""
    wide = int(width * _LEFT)
    narrow = width - wide - 2
    lineage_ = painter.lines("lineage", wide, min(painter.rows(), height // 2))
    drift = painter.lines("drift", narrow, min(_DRIFT, height // 2))
    curves = painter.lines("curves", wide, height - len(lineage_) - 1)
    rounds = painter.lines("rounds", narrow, height - len(drift) - 1)
    # What was decided may be short: the drift stays at the bottom.
    above: list[Line] = [()] * (height - len(rounds) - len(drift))
    return _joined([*curves, (), *lineage_], [*rounds, *above, *drift], wide)


def _joined(left: Sequence[Line], right: Sequence[Line], width: int) -> list[Line]:
    """Two pictures beside each other, the left one in `width` cells."""
    lines: list[Line] = []
    for i in range(max(len(left), len(right))):
        start = clip(left[i], width) if i < len(left) else ()
        if i >= len(right):
            lines.append(start)
            continue
        pad = " " * (width + 2 - length(start))
        lines.append((*start, (pad, ""), *right[i]))
    return lines
