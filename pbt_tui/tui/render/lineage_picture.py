"""Draws the lines of weights of a population: `●──●──╮`.

A row is a life of a member, a column a generation. A copy is an edge from the donor to the member
that goes on with its weights. The colour is that of the founder, whom the last column names. The
last generation that carries weights which no member has any more is a cross.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pbt_tui.tui.render.founders import UNKNOWN, Founder, Lineages, Part
from pbt_tui.tui.render.generations import Generations, Life
from pbt_tui.tui.render.hues import GREY
from pbt_tui.tui.text import Line, Span, fit

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = " ││││╯╮┤│╰╭├─┴┬┼"
"""The sign of each set of directions."""
_MARGIN = 10
_FOUNDER = 9
"""Cells of the last column."""
_MORE = 14
"""Cells that say how many rows are left out."""


class LifeRow(NamedTuple):
    """A row of the picture."""

    member: int
    """Index of the member."""
    number: int
    """Which of its lives, from 0."""
    life: Life
    """Its generations."""


class Window(NamedTuple):
    """The generations that are drawn."""

    first: int
    """Number of the first one."""
    last: int
    """Number of the last one."""
    step: int
    """Cells from one to the next."""

    def x(self, number: int) -> int:
        """The cell of a generation."""
        return (number - self.first) * self.step


def lineage(
    found: Generations,
    lines_of: Lineages,
    hues: Mapping[Founder, str],
    chosen: int | None,
    at: int | None,
    width: int,
    height: int,
) -> list[Line]:
    """The picture with its head; none if there is nothing to draw.

    Args:
        found: the generations.
        lines_of: the lines of weights.
        hues: styles of the founders that have a colour.
        chosen: the member under the cursor.
        at: the generation that is looked at; None: now.
        width: cells.
        height: rows, with the head.
    """
    rows, above, below = _rows(found, chosen, height - 1)
    room = width - _MARGIN - _FOUNDER - (_MORE if above or below else 0)
    window = _window(found, at, room)
    if window is None or not rows:
        return []
    room = min(room, window.x(window.last) + 1)
    canvas = _Canvas(rows, window, found, lines_of, hues)
    head = _head(window, at, room + 1)
    more = [f"{sign}{count}" for sign, count in (("↑", above), ("↓", below)) if count]
    if more:
        head = (*head, (f"  {' '.join(more)} more", "dim"))
    lines = [head]
    for y, row in enumerate(rows):
        name = f"{row.member}{'′' * row.number if row.number < 4 else f'′{row.number}'}"
        style = "mark" if row.member == chosen else "dim"
        last = lines_of.founder(row.member, row.life.end - 1)
        whose = "unknown" if last == UNKNOWN else f"{last[0]}{'′' * min(3, last[1])}"
        start: Span = (f" {'▌' if row.member == chosen else ' '}{fit(name, _MARGIN - 3)} ", style)
        end: Span = (f"  {fit(whose, _FOUNDER - 2)}", hues.get(last, GREY))
        lines.append((start, *canvas.line(y, room), end))
    return lines


def _window(found: Generations, at: int | None, room: int) -> Window | None:
    oldest, newest = found.oldest, found.newest
    if oldest is None or newest is None or room < 8:
        return None
    span = newest - oldest + 1
    step = next((s for s in (4, 3, 2) if (span - 1) * s + 1 <= room), 2)
    count = (room - 1) // step + 1
    if span <= count:
        return Window(oldest, newest, step)
    last = newest if at is None else min(newest, max(oldest + count - 1, at + count // 2))
    return Window(last - count + 1, last, step)


def _rows(found: Generations, chosen: int | None, most: int) -> tuple[list[LifeRow], int, int]:
    """The lives in the order of the members; of too many the newest, around the one chosen.

    Also how many rows are left out above and below.
    """
    every = [
        LifeRow(member.row.index, number, life)
        for member in found.members
        for number, life in enumerate(member.lives)
    ]
    if len(every) > most:
        every = [
            LifeRow(m.row.index, len(m.lives) - 1, m.lives[-1]) for m in found.members if m.lives
        ]
    if len(every) <= most:
        return every, 0, 0
    place = next((i for i, row in enumerate(every) if row.member == chosen), 0)
    first = max(0, min(place - most // 2, len(every) - most))
    rows = every[first : first + max(0, most)]
    return rows, first, len(every) - first - len(rows)


def _head(window: Window, at: int | None, room: int) -> Line:
    """The numbers of the generations above their columns."""
    text = [" "] * room
    count = window.last - window.first + 1
    longest = len(str(window.last)) + 1
    every = next(e for e in (1, 2, 5, 10, 20, 50, 100, 10**9) if e * window.step >= longest)
    marked: tuple[int, int] | None = None
    for number in [at, *range(window.first, window.first + count)]:
        if number is None or not (number == at or number % every == 0 or number == window.first):
            continue
        label, x = str(number), window.x(number)
        if x < 0 or x + len(label) > room:
            continue
        if all(c == " " for c in text[max(0, x - 1) : x + len(label) + 1]):
            text[x : x + len(label)] = label
            marked = (x, x + len(label)) if number == at else marked
    head: list[Span] = [(fit(" lineage", _MARGIN), "head")]
    line = "".join(text)
    if marked is None:
        head.append((line, "dim"))
    else:
        begin, end = marked
        head += [(line[:begin], "dim"), (line[begin:end], "mark"), (line[end:], "dim")]
    return (*head, (" founder", "dim"))


class _Canvas:
    """The cells of the picture."""

    def __init__(
        self,
        rows: Sequence[LifeRow],
        window: Window,
        found: Generations,
        lines_of: Lineages,
        hues: Mapping[Founder, str],
    ) -> None:
        self._rows = rows
        self._window = window
        self._found = found
        self._lines = lines_of
        self._hues = hues
        self._nodes: dict[tuple[int, int], Span] = {}
        self._ways: dict[tuple[int, int], tuple[int, str]] = {}
        """Row and cell of a line, to its directions and its style."""
        for y in range(len(rows)):
            self._row(y)
        for y in range(len(rows)):
            self._copies(y)

    def line(self, y: int, room: int) -> list[Span]:
        """The spans of a row."""
        spans: list[Span] = []
        text, last = "", ""
        for x in range(room):
            way = self._ways.get((y, x))
            blank = (" ", last) if way is None else (_LINES[way[0]], way[1])
            sign, style = self._nodes.get((y, x), blank)
            if style != last:
                if text:
                    spans.append((text, last))
                text, last = "", style
            text += sign
        return [*spans, (text, last)]

    def _style(self, member: int, position: int) -> str:
        return self._hues.get(self._lines.founder(member, position), GREY)

    def _row(self, y: int) -> None:
        """The generations of a row, and the line between them."""
        window, row = self._window, self._rows[y]
        numbers = row.life.numbers
        before: tuple[int, int] | None = None
        if (place := row.life.until(window.first - 1)) is not None:
            before = window.x(window.first) - 1, place
        for number in range(window.first, window.last + 1):
            place = row.life.until(number)
            if place is None or numbers[place - row.life.first] != number:
                continue
            x, style = window.x(number), self._style(row.member, place)
            ends = (row.member, place) in self._lines.ends
            self._nodes[y, x] = ("╳" if ends else "●", style)
            if before is not None and self._same(row.member, before[1], place):
                for between in range(before[0] + 1, x):
                    self._ways[y, between] = (_LEFT | _RIGHT, style)
            before = x, place

    def _same(self, member: int, one: int, other: int) -> bool:
        return self._lines.part_at(member, one) == self._lines.part_at(member, other)

    def _copies(self, y: int) -> None:
        """The edges of the copies with which parts of a row begin."""
        window, row = self._window, self._rows[y]
        numbers = row.life.numbers
        parts = self._lines.parts(row.member)
        first = row.life.until(window.first)
        last = row.life.until(window.last)
        if last is None:
            return
        begin = self._lines.part_at(row.member, row.life.first if first is None else first)
        for part in parts[max(0, begin) : self._lines.part_at(row.member, last) + 1]:
            if part.copied and part.first > row.life.first:
                x = window.x(numbers[part.first - row.life.first]) - 1
                if x >= 0:
                    self._edge(y, x, part, self._style(row.member, part.first))

    def _edge(self, y: int, x: int, part: Part, style: str) -> None:
        """A copy: from the donor's row, or from where it lies outside, to this one."""
        target = self._target(y, part)
        if target is None:
            self._ways[y, x] = (_RIGHT | _LEFT, GREY)
            return
        down = target > y
        here, there = (_DOWN, _UP) if down else (_UP, _DOWN)
        self._join(y, x, _RIGHT | here, style)
        for between in range(min(y, target) + 1, max(y, target)):
            if 0 <= between < len(self._rows):
                self._cross(between, x, style)
        if 0 <= target < len(self._rows):
            self._join(target, x, there, style)

    def _target(self, y: int, part: Part) -> int | None:
        """The row of the donor; outside of the picture one above or below; None: unknown."""
        if part.donor is None:
            return None
        member, position = part.donor
        lives = self._found.of(member)
        number = lives.life_at(position) if lives is not None else 0
        for i, row in enumerate(self._rows):
            if (row.member, row.number) == (member, number):
                return i
        above = (member, number) < (self._rows[y].member, self._rows[y].number)
        return -1 if above else len(self._rows)

    def _join(self, y: int, x: int, ways: int, style: str) -> None:
        old, old_style = self._ways.get((y, x), (0, style))
        self._ways[y, x] = (old | ways, old_style if old else style)

    def _cross(self, y: int, x: int, style: str) -> None:
        """An edge that passes: a corner or a fork stays, a line is passed over."""
        old = self._ways.get((y, x), (0, style))[0]
        if old in (0, _LEFT | _RIGHT):
            self._ways[y, x] = (_UP | _DOWN, style)
        else:
            self._join(y, x, _UP | _DOWN, style)
