"""Draws how the values of each parameter drift: their range over the members, by generation.

Pure. A narrowing band is a population that agrees; a band at an edge is one that wants to go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pbt_tui.tui.render.dots import Grid, band
from pbt_tui.tui.render.generations import Generations
from pbt_tui.tui.text import Line, Span, cells, fit, safe

_WIDE_RANGE = 20.0
"""Ratio of the greatest and the least value from which a strip is logarithmic."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_NAME = 26
"""Most cells of a name."""
_MOST = 48
"""Most cells of a strip."""
_LEAST = 6
_NAMES = 32
"""Most parameters."""


@dataclass(frozen=True)
class ParameterRange:
    """The range of one parameter at some generations."""

    name: str
    """Name of the parameter."""
    ranges: tuple[tuple[float, float] | None, ...]
    """Least and greatest value of the members; None: none is known."""
    values: tuple[int, int]
    """For a parameter without numbers: how many values it had first, and has last."""


class Drift:
    """The ranges of all parameters, kept between two drawings."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._ranges: list[ParameterRange] = []

    def ranges(self, found: Generations, columns: int) -> list[ParameterRange]:
        """The ranges at so many generations, at equal distances, the last one at the newest.

        Args:
            found: the generations.
            columns: how many.
        """
        of = (*(m.row.generations for m in found.members), columns)
        if len(of) != len(self._of) or any(a is not b for a, b in zip(of, self._of, strict=True)):
            self._of, self._ranges = of, _ranges(found, columns)
        return self._ranges

    def lines(
        self, found: Generations, at: int | None, width: int, height: int, plain: bool
    ) -> list[Line]:
        """The picture with its head; none if there is nothing to draw.

        Args:
            found: the generations.
            at: the generation that is looked at; None: now.
            width: cells.
            height: rows, with the head.
            plain: whether to draw with ASCII only.
        """
        if height < 2 or found.newest is None or found.oldest is None:
            return []
        span = found.newest - found.oldest + 1
        columns = min(2 * _MOST, span)
        shown = self.ranges(found, columns)[: height - 1]
        last = columns - 1
        if at is not None and span > 1:
            last = round((at - found.oldest) * (columns - 1) / (span - 1))
        names = [safe(each.name.rpartition(".")[2]) for each in shown]
        name = min(_NAME, max(map(cells, names), default=0) + 2)
        begins = [_text(each.ranges[0]) if each.ranges else "" for each in shown]
        ends = [_text(each.ranges[last]) if each.ranges else "" for each in shown]
        first, then = f"generation {found.oldest}", "now" if at is None else f"generation {at}"
        before = max(map(len, (first, *begins)))
        room = min(_MOST, width - name - before - max(map(len, (then, *ends))) - 4)
        if not shown or room < _LEAST:
            return []
        head = f"{fit(' drift', name)} {fit(first, before, '>')}  {' ' * room} {then}"
        lines: list[Line] = [((head, "head"),)]
        for each, word, begin, end in zip(shown, names, begins, ends, strict=True):
            start: Span = (f" {fit(word, name - 1)} {fit(begin, before, '>')}  ", "")
            if each.values != (0, 0):
                text = f"{each.values[0]} values, then {each.values[1]}"
                lines.append((start, (fit(text, room), "dim")))
            else:
                strip = _strip(each.ranges, room, plain)
                lines.append((start, (strip, "run"), (f" {end}", "")))
        return lines


def _strip(ranges: Sequence[tuple[float, float] | None], room: int, plain: bool) -> str:
    """The band of a parameter in `room` cells; in ASCII the middle of it."""
    known = [r for r in ranges if r is not None]
    if not known:
        return " " * room
    least, most = min(low for low, _ in known), max(high for _, high in known)
    place = math.log if least > 0 and most / least > _WIDE_RANGE else float
    low, length = place(least), place(most) / 2 - place(least) / 2
    columns: list[tuple[float, float] | None] = []
    for i in range(2 * room):
        each = ranges[i * len(ranges) // (2 * room)]
        if each is None:
            columns.append(None)
        elif not length:
            columns.append((0.5, 0.5))
        else:
            ends = [(place(value) / 2 - low / 2) / length for value in each]
            columns.append((ends[0], ends[1]))
    if plain:
        middles = [None if c is None else (c[0] + c[1]) / 2 for c in columns[::2]]
        return "".join(" " if m is None else _BLOCKS[int(m * 7.99)] for m in middles)
    return band(columns, Grid(room, 1))[0]


def _text(known: tuple[float, float] | None) -> str:
    if known is None:
        return "-"
    low, high = (f"{value:.3g}" for value in known)
    return low if low == high else f"{low} … {high}"


def _ranges(found: Generations, columns: int) -> list[ParameterRange]:
    names = list(
        dict.fromkeys(
            name
            for member in found.members
            for step in (member.row.generations[:1] + member.row.generations[-1:])
            for name in step.params
        )
    )
    if found.oldest is None or found.newest is None:
        return []
    span = found.newest - found.oldest
    numbers = [found.oldest + round(i * span / max(1, columns - 1)) for i in range(columns)]
    states = [
        [m.generations[place].params for m, place, *_ in found.as_of(number) if place is not None]
        for number in numbers
    ]
    ranges = [_range(name, states) for name in names[:_NAMES]]
    return [each for each in ranges if each is not None]


def _range(name: str, states: Sequence[Sequence[dict[str, object]]]) -> ParameterRange | None:
    """The range of one parameter; None: it has one value only, or none."""
    found: list[tuple[float, float] | None] = []
    texts: list[set[str]] = []
    for params in states:
        values = [value for each in params if (value := each.get(name)) is not None]
        numbers = [
            float(value)
            for value in values
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
        ]
        found.append((min(numbers), max(numbers)) if numbers else None)
        if len(numbers) < len(values):
            texts.append({repr(value) for value in values})
    if texts:
        every = set().union(*texts)
        return ParameterRange(name, (), (len(texts[0]), len(texts[-1]))) if len(every) > 1 else None
    known = [each for each in found if each is not None]
    if not known or min(low for low, _ in known) == max(high for _, high in known):
        return None
    return ParameterRange(name, tuple(found), (0, 0))
