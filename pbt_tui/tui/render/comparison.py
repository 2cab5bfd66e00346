"""Jobs or members side by side: who is best, what differs, and when each was how good.

Pure: the same contenders and the same choices always look the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

from pbt_tui.journal.status_text import duration
from pbt_tui.tui.render.axes import ScaleName, short
from pbt_tui.tui.render.comparison_parameters import (
    ParameterColumn,
    ParameterDifferences,
    differences,
)
from pbt_tui.tui.render.comparison_series import (
    COMPARE_BY,
    MEASURES,
    CompareBy,
    Contender,
    Measure,
    figures,
    newest,
    reached,
)
from pbt_tui.tui.render.hues import hues

SHARES = (0.5, 0.75, 0.9, 0.95, 0.99)
"""Thresholds, as shares of the way from the first values to the best one."""


class ComparisonChoices(NamedTuple):
    """What a person chose on the page."""

    measure: Measure | None = None
    """What is drawn; None: the objective, if any is known."""
    x: CompareBy | None = None
    """The x axis; None: generations or steps where they are known, else time."""
    scale: ScaleName | None = None
    """The y axis; None: linear, or clipped where one would make all others flat."""
    share: float = 0.9
    """The threshold."""
    sort: str = "o"
    """The order of the table, by its letter."""
    reverse: bool = False
    """Whether the order is reversed."""
    chosen: int | None = None
    """The contender under the cursor, which is drawn on top and thicker."""
    first: int = 0
    """Columns of the table that are scrolled out at the left."""
    plain: bool = False
    """Whether to draw with ASCII only."""


class Threshold(NamedTuple):
    """A value to be reached, on the way from the first values to the best one."""

    value: float
    """The value."""
    begin: float
    """Where the way begins: the median of the first values."""
    best: float
    """The best value of all."""


class FigureColumn(NamedTuple):
    """A column about each contender, beside its parameters."""

    letter: str
    """The letter that sorts by it."""
    title: str
    """Title of its column."""
    width: int
    """Cells of its column."""
    value: Callable[[Contender], float | None]
    """Returns it; None: it is unknown."""
    text: Callable[[float], str]
    """Its text."""


class Comparison:
    """Contenders side by side, as a person chose to look at them.

    Args:
        contenders: those that are compared, by number.
        choices: what a person chose.
        now: the time, in Unix seconds.
        before: an earlier comparison; None: there is none. Parameters that have not changed are not
            compared again.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        choices: ComparisonChoices,
        now: float,
        before: Comparison | None = None,
    ) -> None:
        self.contenders = contenders
        self.choices = choices
        self.now = now
        self._params = [one.params for one in contenders]
        if before is not None and before._params == self._params:
            self.differences: ParameterDifferences = before.differences
        else:
            self.differences = differences(self._params)
        self.measures = [m for m in MEASURES if any(_has(one, m) for one in contenders)]
        """The measures of which any value is known."""
        wish = choices.measure
        self.measure: Measure = (
            wish
            if wish in self.measures and wish is not None
            else next(iter(self.measures), "objective")
        )
        self.xs = [x for x in COMPARE_BY if any(_has_x(one, x) for one in contenders)]
        """What the x axis may be."""
        x = choices.x
        self.x: CompareBy = x if x in self.xs and x is not None else self._usual_x()
        self.is_loss = (
            self.measure == "objective"
            and any(one.is_loss for one in contenders)
            and all(one.is_loss for one in self._with_values())
        )
        """Whether smaller values are better."""
        self.threshold = self._threshold()
        self.ranked = sorted(contenders, key=lambda one: self._rank(one, newest(one, self.measure)))
        """The contenders by their newest value, the best first."""
        drawn = [one.number for one in self.ranked if figures(one, self.measure).last is not None]
        self.hues = hues(drawn, () if choices.chosen is None else (choices.chosen,))
        """Styles of those that have a colour, by number: of many curves, those of the best."""
        self.without = len(contenders) - len(drawn)
        """How many have no curve."""
        self.told = [told for told in self._told() if told.letter == "o" or self._is_known(told)]
        """What the table tells beside the parameters."""

    def _usual_x(self) -> CompareBy:
        """Generations or steps, where all count alike, else time."""
        drawn = self._with_values()
        for x in self.xs:
            if all(_has_x(one, x) for one in drawn) and (x != "steps" or len(self.units) < 2):
                return x
        return "time"

    @property
    def units(self) -> list[str]:
        """What the steps of the contenders count."""
        return list(dict.fromkeys(one.unit for one in self.contenders if _has_x(one, "steps")))

    @property
    def are_mixed(self) -> bool:
        """Whether rewards and losses are compared."""
        of = {one.is_loss for one in self._with_values()}
        return self.measure == "objective" and len(of) > 1

    def _with_values(self) -> list[Contender]:
        return [one for one in self.contenders if _has(one, self.measure)]

    def _rank(self, one: Contender, value: float | None) -> tuple[bool, bool, float, int]:
        """Losses come after rewards, and who has no value comes last."""
        if value is None or not math.isfinite(value):
            return (True, False, 0.0, one.number)
        falls = self.measure == "objective" and one.is_loss
        return (False, falls, value if falls else -value, one.number)

    def _threshold(self) -> Threshold | None:
        told = [
            figures(one, self.measure)
            for one in self.contenders
            if self.measure != "objective" or one.is_loss == self.is_loss
        ]
        firsts = [f.first for f in told if f.first is not None]
        if not firsts:
            return None
        least = min(f.least for f in told if f.least is not None)
        greatest = max(f.greatest for f in told if f.greatest is not None)
        begin, best = median(firsts), least if self.is_loss else greatest
        share = self.choices.share
        return Threshold(begin * (1 - share) + best * share, begin, best)

    def reached(self, one: Contender) -> float | None:
        """x at which a contender reached the threshold; None: it has not."""
        limit = self.threshold
        if limit is None or (self.measure == "objective" and one.is_loss != self.is_loss):
            return None
        return reached(one, self.measure, self.x, limit.value, down=self.is_loss)

    def seconds(self, one: Contender) -> float | None:
        """How long a contender has taken until now; None: unknown."""
        if one.began is None:
            return None
        if one.ended is None:
            return max(0.0, self.now - one.began) if one.is_active else None
        return max(0.0, one.ended - one.began)

    def _told(self) -> list[FigureColumn]:
        measure = self.measure
        title = {"objective": "OBJECTIVE", "progress": "PROGRESS", "rate": "RATE"}[measure]
        share = f"TO {100 * self.choices.share:g}%"
        return [
            FigureColumn("o", title, 9, lambda one: newest(one, measure), self.value_text),
            FigureColumn("t", share, 8, self.reached, self.x_text),
            FigureColumn("d", "TIME", 7, self.seconds, duration),
            FigureColumn("l", "MIN", 9, lambda one: figures(one, measure).least, self.value_text),
            FigureColumn("e", "MEAN", 9, lambda one: figures(one, measure).mean, self.value_text),
            FigureColumn(
                "g", "MAX", 9, lambda one: figures(one, measure).greatest, self.value_text
            ),
            FigureColumn("a", "TRY", 3, lambda one: one.attempts, lambda value: f"{value:.0f}"),
        ]

    def _is_known(self, told: FigureColumn) -> bool:
        if told.letter == "t":  # that nobody has reached it is told
            return self.threshold is not None
        return any(told.value(one) is not None for one in self.contenders)

    def value_text(self, value: float) -> str:
        """A value of the measure."""
        if not math.isfinite(value):
            return str(value)
        if self.measure == "progress":
            return f"{value:.3g}%"
        if self.measure == "rate":
            return short(value)
        text = f"{value:.4g}"
        return text if len(text) < 10 else f"{value:.3g}"

    def x_text(self, x: float) -> str:
        """A place of the x axis."""
        if self.x == "time":
            return duration(x)
        return f"{x:.0f}" if self.x == "generation" else short(x)

    @property
    def orders(self) -> dict[str, str]:
        """The orders of the table: the letter or digit to choose one, and its name."""
        columns = self.differences.columns[:9]
        found = {str(k): column.title for k, column in enumerate(columns, 1)}
        found |= {told.letter: told.title.lower() for told in self.told}
        return found | {"s": "state", "n": "name"}

    @property
    def rows(self) -> list[Contender]:
        """The contenders in the order of the table; who has nothing to sort by comes last."""
        keys = [(self._sorts_by(one), one) for one in self.contenders]
        first = sorted(
            (pair for pair in keys if pair[0] is not None),
            key=lambda pair: pair[0],
            reverse=self.choices.reverse,
        )
        return [*(one for _, one in first), *(one for key, one in keys if key is None)]

    def _sorts_by(self, one: Contender) -> Any:
        """What a contender is sorted by; None: it comes last."""
        column = self.sorted_column
        if column is not None:
            order = column.order[one.number]
            return order if order[0] < 2 else None
        letter = self.choices.sort
        if letter in ("s", "n"):
            return one.state[0] if letter == "s" else one.name
        told = next((t for t in self.told if t.letter == letter), self.told[0])
        if told.letter == "o":
            rank = self._rank(one, newest(one, self.measure))
            return None if rank[0] else rank
        value = told.value(one)
        falls = letter in ("l", "e", "g") and not self.is_loss
        return None if value is None else -value if falls else value

    @property
    def sorted_column(self) -> ParameterColumn | None:
        """The parameter by which the table is sorted; None: it is sorted by something else."""
        letter = self.choices.sort
        columns = self.differences.columns
        if not letter.isdecimal() or not 0 < int(letter) <= len(columns):
            return None
        return columns[int(letter) - 1]


def _has(one: Contender, measure: Measure) -> bool:
    return one.newest.get(measure) is not None or figures(one, measure).last is not None


def _has_x(one: Contender, x: CompareBy) -> bool:
    """Whether an x axis makes sense for a contender."""
    track = one.track
    if x == "time":
        return len(track.at) > 0
    if x == "generation":
        return len(track.numbers) > 0
    key = "has steps"
    if key not in one.kept:
        one.kept[key] = len({step for step in track.steps if step is not None}) > 1
    found: bool = one.kept[key]
    return found
