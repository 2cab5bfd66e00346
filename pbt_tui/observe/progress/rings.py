"""The values of a job over time in little memory: some dozens of points, evenly spaced in time.

A ring has no clock. A point that does not continue the one before it begins a new stretch, and the
mark of this stays when points are dropped.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

from pbt_tui.observe.progress.progress_types import Number, Progress, Series

POINTS = 64
"""Most points of a ring."""
GAP = 300.0
"""Seconds without a point that may be a gap, if points usually come ten times as often."""
_OFTEN = 10.0


class Point(NamedTuple):
    """The values at one time."""

    at: float
    step: int | None
    objective: Number | None
    share: float | None
    begins: bool
    """Whether it does not continue the point before it."""


class Ring:
    """At most `POINTS` points of one job, of which the last one is always the newest.

    Example:
        >>> ring = Ring()
        >>> ring.add(1.0, Progress(step=10)), ring.add(2.0, Progress(step=5))
        (True, True)
        >>> ring.series().breaks
        (1,)
    """

    def __init__(self, series: Series | None = None, *, most: int = POINTS) -> None:
        self._most = max(4, most)
        self._spacing = 0.0
        self._points: list[Point] = []
        self._begins = False
        for at, step, objective, share, k in zip(
            *(series.at, series.step, series.objective, series.share, range(len(series.at)))
            if series is not None
            else ((), (), (), (), ()),
            strict=False,
        ):
            begins = series is not None and k in series.breaks
            self._append(Point(at, step, objective, share, begins))

    def __len__(self) -> int:
        return len(self._points)

    def interrupt(self) -> None:
        """Says that the next point begins a new stretch: a new attempt of the job has begun."""
        self._begins = bool(self._points)

    def limit(self, most: int) -> None:
        """Sets how many points the ring has at most, from 4.

        Args:
            most: The number.
        """
        self._most = max(4, min(most, POINTS))
        while len(self._points) > self._most:
            self._thin()

    def add(self, at: float, progress: Progress) -> bool:
        """Adds the values of a progress; returns False if there is none that a curve could show.

        Args:
            at: When they were read, in Unix seconds. A time before the last point counts as its.
            progress: The values.
        """
        step, objective, share = progress.step, progress.objective, progress.share
        if step is None and objective is None and share is None:
            return False
        begins, self._begins = self._begins, False
        if self._points:
            last = self._points[-1]
            if last[1:4] == (step, objective, share) and not begins:
                return True
            at = max(at, last.at)
            fell = step is not None and last.step is not None and step < last.step
            begins = begins or fell or self._is_gap(at - last.at)
        self._append(Point(at, step, objective, share, begins))
        return True

    def series(self, most: int = POINTS) -> Series:
        """The points as files and documents hold them.

        Args:
            most: The number of points to return at most.
        """
        if most < len(self._points):
            smaller = Ring(self.series(), most=most)
            return smaller.series()
        points = self._points
        return Series(
            at=tuple(round(p.at, 1) for p in points),
            step=tuple(p.step for p in points),
            objective=tuple(_short(p.objective) for p in points),
            share=tuple(None if p.share is None else round(p.share, 6) for p in points),
            breaks=tuple(k for k, p in enumerate(points) if p.begins and k),
        )

    def _append(self, point: Point) -> None:
        points = self._points
        if len(points) >= 2 and point.at - points[-2].at < self._spacing:
            # The last point was kept only because it was the newest.
            point = point._replace(begins=point.begins or points[-1].begins)
            points[-1] = point
        else:
            points.append(point)
        while len(self._points) > self._most:
            self._thin()

    def _thin(self) -> None:
        """Doubles the distance in time between points, until there are fewer."""
        points = self._points
        span = points[-1].at - points[0].at
        before = len(points)
        self._spacing = max(2 * self._spacing, span / self._most)
        kept = [points[0]]
        begins = False
        for point in points[1:-1]:
            if point.at - kept[-1].at >= self._spacing:
                kept.append(point._replace(begins=point.begins or begins))
                begins = False
            else:
                begins = begins or point.begins
        last = points[-1]
        kept.append(last._replace(begins=last.begins or begins))
        if len(kept) == before:  # all are as far apart as that
            dropped = kept.pop(1)
            kept[1] = kept[1]._replace(begins=kept[1].begins or dropped.begins)
        self._points = kept

    def _is_gap(self, seconds: float) -> bool:
        if seconds < GAP or len(self._points) < 3:
            return False
        distances: list[float] = []
        for one, following in zip(self._points, self._points[1:], strict=False):
            insort(distances, following.at - one.at)
        return seconds > _OFTEN * distances[len(distances) // 2]


def _short(value: Number | None) -> Number | None:
    """A number with the six digits that a curve can show."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
