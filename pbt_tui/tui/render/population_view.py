"""One population as its page shows it: what is computed of it, and what a person chose.

Pure: the same row and the same choices always look the same. What has not changed since the row
before is not computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
from pbt_tui.tui import labels
from pbt_tui.tui.render.axes import ScaleName
from pbt_tui.tui.render.curve_cells import XName
from pbt_tui.tui.render.curves import Curves
from pbt_tui.tui.render.drift import Drift
from pbt_tui.tui.render.founders import UNKNOWN, Founder, Lineages, spread
from pbt_tui.tui.render.generations import Generations, as_it_was
from pbt_tui.tui.render.heat_map import HeatMap
from pbt_tui.tui.render.hues import hues
from pbt_tui.tui.render.population import ranked
from pbt_tui.tui.text import Span

Picture = Literal["together", "curves", "lineage", "heat map", "drift", "rounds"]
PICTURES: tuple[Picture, ...] = get_args(Picture)
_FEW = 0.5
"""Share of the lineages that live, from which their number is a warning."""
_STEADY = 0.1
"""Relative change of a spread that is none."""


class Choices(NamedTuple):
    """What a person chose on the page."""

    picture: Picture = "together"
    """The picture; `together`: as many as there is room for, the curves first."""
    scale: ScaleName | None = None
    """The y axis of the curves; None: nothing was chosen."""
    x: XName = "generation"
    """The x axis of the curves."""
    at: int | None = None
    """The generation that is looked at; None: now."""
    plain: bool = False
    """Whether to draw with ASCII only."""


class PopulationView:
    """What the page computes of a row.

    Args:
        row: the population.
        before: what was computed of an earlier row of the same population; None: nothing.
    """

    def __init__(self, row: PopulationRow, before: PopulationView | None = None) -> None:
        if before is not None and before.row.id != row.id:
            before = None
        self.row: PopulationRow = row
        known = (None, None, Curves(), Drift()) if before is None else before._known()
        self.generations: Generations = Generations(row, known[0])
        self.lineages: Lineages = Lineages(self.generations, known[1])
        self.curves: Curves = known[2]
        self.drift: Drift = known[3]
        self._then: tuple[int, PopulationRow] | None = None
        self._heats: dict[int, HeatMap] = {}

    def _known(self) -> tuple[Generations | None, Lineages | None, Curves, Drift]:
        return self.generations, self.lineages, self.curves, self.drift

    def then(self, at: int | None) -> PopulationRow:
        """The population as it was at a generation; None: as it is now."""
        if at is None:
            return self.row
        if self._then is None or self._then[0] != at:
            self._then = at, as_it_was(self.generations, at)
        return self._then[1]

    def heat(self, width: int) -> HeatMap:
        """The shades of the objectives, in so many cells."""
        found = self._heats.get(width)
        if found is None:
            if len(self._heats) >= 2:
                self._heats.clear()
            found = self._heats[width] = HeatMap(self.generations, width)
        return found

    def ranked(self, at: int | None) -> list[MemberRow]:
        """The members at a generation, the best first."""
        return ranked(self.then(at))

    def hues(self, chosen: int | None) -> dict[int, str]:
        """The colours of the members: the same at every generation.

        Args:
            chosen: the member under the cursor, which has one in any case.
        """
        order = [member.index for member in ranked(self.row)]
        return hues(order, () if chosen is None else (chosen,))

    def founder_hues(self) -> dict[Founder, str]:
        """The colours of the founders: of many, those whose weights are carried now."""
        alive = self.lineages.alive
        began = [
            (member.row.index, number)
            for member in self.generations.members
            for number in range(len(member.lives))
        ]
        order = [*alive, *(founder for founder in began if founder not in set(alive))]
        # 1000 is a multiple of the number of hues: each life of a member prefers the same one.
        numbers = {member + 1000 * life: (member, life) for member, life in order}
        found = hues(list(numbers)[:8])
        return {numbers[number]: style for number, style in found.items()}

    def facts(self, at: int | None) -> list[Span]:
        """How many lineages live, how far the objectives are apart, and which copies paid."""
        if self.row.size < 2 or self.generations.newest is None:
            return []
        members = self.generations.as_of(at)
        began = self.lineages.began
        carried = {
            self.lineages.founder(member.index, place)
            for member, place, *_ in members
            if place is not None
        }
        alive = len(self.lineages.alive if at is None else carried - {UNKNOWN})
        unsure = "at least " if UNKNOWN in carried else ""
        few = alive <= _FEW * began and began > 2 and not unsure
        text = f"lineages alive {unsure}{alive} of {began}{' !' if few else ''}"
        found: list[Span] = [(text, "warn" if few else "dim")]
        now = spread(members)
        if now is not None:
            found.append((f"σ(objective) {labels.value_text(now)}{self._trend(at, now)}", "dim"))
        if self.lineages.judged and at is None:
            paid, judged = self.lineages.paid, self.lineages.judged
            found.append((f"copies that paid {paid} of {judged}", "dim"))
        return found

    def _trend(self, at: int | None, now: float) -> str:
        """Whether the objectives come nearer to each other, as an arrow."""
        newest, oldest = self.generations.newest, self.generations.oldest
        if newest is None or oldest is None:
            return ""
        here = newest if at is None else at
        before = max(oldest, here - max(1, (here - oldest) // 5))
        was = spread(self.generations.as_of(before)) if before < here else None
        if was is None:
            return ""
        if abs(now - was) <= _STEADY * max(now, was):
            return " →"
        return " ↑" if now > was else " ↓"


def turned(choices: Choices, shown: Sequence[Picture]) -> Choices:
    """The choices with the next picture: all together, then each alone.

    Args:
        choices: the choices so far.
        shown: the pictures on the page.

    Example:
        >>> turned(Choices(), ["curves"]).picture, turned(Choices("rounds"), ["rounds"]).picture
        ('lineage', 'together')
    """
    place = PICTURES.index(choices.picture) + 1
    if choices.picture == "together" and list(shown[:1]) == ["curves"] and len(shown) == 1:
        place += 1
    return choices._replace(picture=PICTURES[place % len(PICTURES)])
