"""The part of a run's life that a time line shows: zoom, pan, and which column is which time.

Pure.
"""

from __future__ import annotations

_FINEST = 0.02
"""Seconds of the narrowest cell."""
_SPARE = 0.02
"""Share of the view that is left empty at the right when the picture is made to fit: while time
passes, the picture stays as it is until the space is used up."""


class TimeView:
    """`columns` cells from `left` to `right`, in Unix seconds."""

    def __init__(self) -> None:
        self.begin = 0.0
        """The begin of the run's life."""
        self.end = 1.0
        """The end of what is known of it."""
        self.left = 0.0
        self.right = 1.0
        self.columns = 1
        self.is_fitted = True
        """Whether it shows the whole life, and grows with it."""

    @property
    def cell(self) -> float:
        """Seconds of one cell."""
        return (self.right - self.left) / self.columns

    def resize(self, columns: int) -> None:
        """Gives it so many columns; the time that it shows stays."""
        self.columns = max(1, columns)

    def live(self, begin: float, end: float) -> None:
        """Says from when to when the run has lived; a fitted view follows it.

        Args:
            begin: The begin, in Unix seconds.
            end: The end of what is known; it may grow.
        """
        self.begin, self.end = begin, max(end, begin + 1.0)
        if self.is_fitted and (self.left != begin or not self._holds()):
            self.fit()

    def _holds(self) -> bool:
        """Whether the whole life is shown, and wide enough."""
        return self.left <= self.begin and self.end <= self.right < self.begin + 1.5 * (
            self.end - self.begin
        )

    def fit(self) -> None:
        """Shows the whole life."""
        spare = (self.end - self.begin) * _SPARE
        self.left, self.right, self.is_fitted = self.begin, self.end + spare, True

    def zoom(self, factor: float, around: float) -> None:
        """Shows `factor` times as much time; the moment `around` keeps its column.

        Args:
            factor: Below 1, to see more of less.
            around: Unix seconds.
        """
        most = (self.end - self.begin) * (1 + _SPARE)
        size = min(most, max(_FINEST * self.columns, (self.right - self.left) * factor))
        if size >= most:
            self.fit()
            return
        share = (around - self.left) / (self.right - self.left)
        self.left = around - share * size
        self.right = self.left + size
        self.is_fitted = False
        self._stay()

    def pan(self, cells: float) -> None:
        """Shows later times (or earlier ones, if negative), as far as the run has lived."""
        by = cells * self.cell
        self.left, self.right, self.is_fitted = self.left + by, self.right + by, False
        self._stay()

    def show(self, moment: float) -> None:
        """Pans so far that a moment is shown."""
        column = self.column(moment)
        if column < 0:
            self.pan(column - self.columns // 4)
        elif column >= self.columns:
            self.pan(column - self.columns + 1 + self.columns // 4)

    def _stay(self) -> None:
        """Keeps it within the run's life."""
        size = self.right - self.left
        right = self.end + (self.end - self.begin) * _SPARE
        self.left = max(self.begin, min(self.left, right - size))
        self.right = self.left + size

    def column(self, moment: float) -> int:
        """The column of a moment, which may lie outside."""
        return int((moment - self.left) // self.cell)

    def times(self, column: int) -> tuple[float, float]:
        """Begin and end of a column."""
        return self.left + column * self.cell, self.left + (column + 1) * self.cell

    def clamp(self, moment: float) -> float:
        """The moment, or the end of the run's life that is nearest to it."""
        return max(self.begin, min(moment, self.end))

    @property
    def key(self) -> tuple[float, float, int]:
        """What a drawn line depends on."""
        return self.left, self.right, self.columns
