"""Estimates the time that is left, with a band: of a job from its series, and of a run.

Pure functions. The band spans the middle half of the speeds that were seen, so a training that runs
evenly has a narrow one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pbt_tui.observe.progress.progress_types import Remaining, Series

POINTS = 32
"""Newest points of a series that an estimate considers: older ones tell little of the speed now."""
MOST = 100 * 365 * 86400.0
"""Seconds beyond which nothing is estimated."""
_SHORTEST = 1e-3
"""Seconds: no job takes less."""
_SLOTS = 256
"""Most slots that are considered one by one."""


def of_job(series: Series) -> Remaining | None:
    """The time that a job still needs; None: its series does not tell.

    Args:
        series: The series of the job. Only the newest stretch counts, and in it only points with a
            share.

    Example:
        >>> of_job(Series(at=(0.0, 10.0, 20.0), step=(1, 2, 3), objective=(None, None, None),
        ...               share=(0.1, 0.2, 0.3)))
        Remaining(seconds=70.0, low=70.0, high=70.0)
    """
    begin = series.breaks[-1] if series.breaks else 0
    points = [
        (at, share)
        for at, share in zip(series.at[begin:], series.share[begin:], strict=False)
        if share is not None and math.isfinite(at)
    ][-POINTS:]
    advances: list[tuple[float, float]] = []
    """Seconds for each part of the share, and the part."""
    since = points[0] if points else (0.0, 0.0)
    for at, share in points[1:]:
        if share > since[1] and at > since[0]:
            advances.append(((at - since[0]) / (share - since[1]), share - since[1]))
            since = (at, share)
    if len(advances) < 2:
        return None
    left = max(0.0, 1.0 - points[-1][1])
    spent = sum(pace * part for pace, part in advances)
    pace = spent / sum(part for _, part in advances)
    low, high = _weighted(advances, 0.25), _weighted(advances, 0.75)
    return _bounded(left * pace, left * low, left * high)


def of_run(
    running: Sequence[Remaining | None],
    elapsed: Sequence[float],
    waiting: int,
    durations: Sequence[float],
    parallel: int,
) -> Remaining | None:
    """The time that a run still needs; None: nothing tells how long its jobs take.

    Args:
        running: The time that each active job still needs; None where it is not known.
        elapsed: Seconds that each of them has run.
        waiting: Number of jobs that have not started.
        durations: Seconds that each finished job took.
        parallel: Number of jobs that run at the same time.

    Example:
        >>> of_run([Remaining(60.0, 50.0, 80.0)], [30.0], 2, [90.0], 1)
        Remaining(seconds=240.0, low=230.0, high=260.0)
    """
    known = sorted(d for d in durations if 0 <= d < MOST)
    known = known or sorted(
        spent + left.seconds for left, spent in zip(running, elapsed, strict=True) if left
    )
    if not known:
        return Remaining(0.0, 0.0, 0.0) if not running and not waiting else None
    found = []
    for part, quartile in ((0, 0.5), (1, 0.25), (2, 0.75)):
        length = known[min(len(known) - 1, int(quartile * len(known)))]
        ends = [
            max(0.0, length - spent) if left is None else (left.seconds, left.low, left.high)[part]
            for left, spent in zip(running, elapsed, strict=True)
        ]
        found.append(_makespan(ends, waiting, length, max(1, parallel)))
    return _bounded(*found)


def _makespan(ends: Sequence[float], waiting: int, length: float, parallel: int) -> float:
    """Seconds until all has ended, if each waiting job takes `length` and starts where one ends."""
    last, length = max(ends, default=0.0), length and max(length, _SHORTEST)
    if waiting <= 0 or length <= 0:
        return last
    free = sorted([*ends, *[0.0] * (parallel - len(ends))])[:parallel]
    if len(free) > _SLOTS:
        waiting = math.ceil(waiting * _SLOTS / len(free))
        free = [free[k * len(free) // _SLOTS] for k in range(_SLOTS)]
    rounds = math.ceil(waiting / len(free))
    low, high = free[0] + length, free[-1] + (rounds + 1) * length
    for _ in range(50):
        middle = (low + high) / 2
        if sum(max(0, int((middle - at) / length + 1e-9)) for at in free) >= waiting:
            high = middle
        else:
            low = middle
    return max(last, high)


def _weighted(advances: Sequence[tuple[float, float]], quantile: float) -> float:
    """The pace that this part of all progress was faster than."""
    ordered = sorted(advances)
    wanted = quantile * sum(part for _, part in ordered)
    for pace, part in ordered:
        wanted -= part
        if wanted <= 0:
            return pace
    return ordered[-1][0]


def _bounded(seconds: float, low: float, high: float) -> Remaining | None:
    if not all(map(math.isfinite, (seconds, low, high))) or seconds > MOST:
        return None
    low, high = min(low, seconds), min(max(high, seconds), MOST)
    return Remaining(round(seconds, 1), round(low, 1), round(high, 1))
