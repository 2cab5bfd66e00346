"""Draws objectives as shades, members by generations: `░░▒▒▓▓██`.

Pure. A shade and a colour say the same. The scale is clipped as that of curves may be, so that a
diverged member does not take all shades from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from pbt_tui.tui.render.axes import Axis, axis
from pbt_tui.tui.render.generations import Generations, Life, MemberLives
from pbt_tui.tui.text import Line, Span, fit

HEATS = tuple(f"heat{i}" for i in range(8))
"""Styles of the shades, from the lowest objective to the highest; each theme has its colours."""
_SHADES = "░░▒▒▓▓██"
MARGIN = 10
"""Cells before the shades of the picture."""
_TITLED = 17
"""Cells between the numbers of the head from which it says what the shades show."""
_MOST = 4
"""Most cells of one generation."""


class HeatMap:
    """The shades of one population, for some cells of a row.

    Args:
        found: the generations.
        width: cells.
    """

    def __init__(self, found: Generations, width: int) -> None:
        self._found = found
        self._scale: Axis | None = axis([m.objectives for m in found.members], "clipped")
        oldest, newest = found.oldest or 0, found.newest or 0
        span = newest - oldest + 1
        self.first = oldest
        """Number of the first generation."""
        self.last = newest
        """Number of the last one."""
        self.cells = max(1, min(_MOST, width // span)) if span else 1
        """Cells of one generation."""
        self.width = min(width, span * self.cells)
        """Cells that are used."""
        self._strips: dict[tuple[int, int], list[Span]] = {}

    def number(self, cell: int) -> int:
        """The last generation that a cell shows."""
        if self.cells > 1:
            return self.first + cell // self.cells
        return self.first + (cell + 1) * (self.last - self.first + 1) // self.width - 1

    def cell(self, number: int) -> int:
        """The first cell that shows a generation."""
        place = number - self.first
        found = place * self.cells
        if self.cells == 1:
            found = place * self.width // (self.last - self.first + 1)
        return max(0, min(self.width - 1, found))

    def head(self, at: int | None) -> list[Span]:
        """The numbers of the first and the last generation, and of the one that is looked at."""
        first, last = str(self.first), str(self.last)
        middle = self.width - len(first) - len(last)
        between = " objective ".center(middle) if middle >= _TITLED else " " * middle
        text = first + between + last if self.first < self.last else first
        if len(first) + len(last) + 1 > self.width:
            text = fit(last, self.width, ">")
        if at is None:
            return [(fit(text, self.width), "dim")]
        label = str(at)
        begin = max(0, min(self.cell(at), self.width - len(label)))
        text = fit(text, self.width)
        text = text.replace(" objective ", " " * 11)
        around = text[max(0, begin - 1) : begin + len(label) + 1]
        if around.strip():  # no room for both: the numbers of the ends are known
            text = " " * self.width
        return [(text[:begin], "dim"), (label, "mark"), (text[begin + len(label) :], "dim")]

    def strip(self, index: int, number: int = -1) -> list[Span]:
        """The shades of one member.

        Args:
            index: index of the member.
            number: which of its lives, from 0; -1: the newest.
        """
        found = self._strips.get((index, number))
        if found is None:
            member = self._found.of(index)
            found = [(" " * self.width, "")]
            if member is not None and member.lives:
                found = self._shades(member, member.lives[number])
            self._strips[index, number] = found
        return found

    def _shades(self, member: MemberLives, life: Life) -> list[Span]:
        scale = self._scale
        if scale is None:
            return [(" " * self.width, "")]
        length = (scale.high - scale.low) or 1.0
        spans: list[Span] = []
        text, last = "", ""
        low = self.first - 1
        for cell in range(self.width):
            high = self.number(cell)
            value = _newest(member, life, high - 1 if self.cells > 1 else low, high)
            low = high
            sign, style = " ", ""
            if value is not None:
                share = (min(max(value, scale.low), scale.high) - scale.low) / length
                level = min(len(HEATS) - 1, int(share * len(HEATS)))
                sign, style = _SHADES[level], HEATS[level]
            if style != last:
                if text:
                    spans.append((text, last))
                text, last = "", style
            text += sign
        return [*spans, (text, last)]


def _newest(member: MemberLives, life: Life, low: int, high: int) -> float | None:
    """The last objective with a number above `low` and up to `high`; None: there is none."""
    place = life.until(high)
    while place is not None and place >= life.first and life.numbers[place - life.first] > low:
        value = member.row.generations[place].objective
        if value is not None and isfinite(value):
            return value
        place -= 1
    return None


def heat_map(
    found: HeatMap, members: Sequence[MemberLives], chosen: int | None, at: int | None, height: int
) -> list[Line]:
    """The picture with its head; none if there is nothing to draw.

    Args:
        found: the shades.
        members: the members of the population.
        chosen: the member under the cursor.
        at: the generation that is looked at; None: now.
        height: rows, with the head.
    """
    rows = [(m.row.index, number) for m in members for number in range(len(m.lives))]
    if len(rows) > height - 1:
        rows = [(m.row.index, len(m.lives) - 1) for m in members if m.lives]
    if not rows or height < 2:
        return []
    room = height - 1
    place = next((i for i, row in enumerate(rows) if row[0] == chosen), 0)
    first = max(0, min(place - room // 2, len(rows) - room))
    lines: list[Line] = [((fit(" heat map", MARGIN), "head"), *found.head(at))]
    for index, number in rows[first : first + room]:
        name = f" {'▌' if index == chosen else ' '}{index}{'′' * min(3, number)}"
        style = "mark" if index == chosen else "dim"
        lines.append(((fit(name, MARGIN), style), *found.strip(index, number)))
    return lines
