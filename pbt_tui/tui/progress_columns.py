"""The cells of the job table that show how far a training is, and how good.

Must not import Textual.
"""

from __future__ import annotations

import math

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.journal.status_text import countdown, duration, short_number
from pbt_tui.observe.progress import Progress, Series
from pbt_tui.tui.render.sparkline import HOUR, finite, last_hour
from pbt_tui.tui.text import Span, safe

_DONE, _HALF, _LEFT = "━", "╸", "─"
_SHORTEST = 60.0
"""Seconds that a series spans at least before a change per hour is told."""


def bar(progress: Progress | None, job: JobState, width: int) -> Span:
    """The share that is done, as a bar; its step, where nobody knows how many there are."""
    if progress is None or (progress.share is None and progress.step is None):
        return "", ""
    style = "run" if job.phase in ACTIVE else "good" if job.phase == "succeeded" else "dim"
    if progress.share is None:
        return f"{short_number(progress.step or 0)} {progress.unit or 'steps'}", style
    halves = round(max(0.0, min(1.0, progress.share)) * 2 * width)
    full = halves // 2
    half = _HALF if halves % 2 else ""
    return _DONE * full + half + _LEFT * (width - full - len(half)), style


def eta(progress: Progress | None, job: JobState) -> Span:
    """The time that an active job still needs."""
    if progress is None or progress.eta is None or job.phase not in ACTIVE:
        return "", ""
    seconds = progress.eta.seconds
    return (countdown(seconds) if seconds < 60 else duration(seconds)), ""


def objective(progress: Progress | None) -> Span:
    """The newest objective; one that is no number is marked."""
    if progress is None or progress.objective is None:
        return "", ""
    if isinstance(progress.objective, str):
        return safe(progress.objective), "bad"
    return f"{progress.objective:.4g}", ""


def curve(series: Series | None, job: JobState, now: float, width: int) -> Span:
    """The objective of the last hour; after the end of a job, of its own last hour."""
    if series is None or not series.at:
        return "", ""
    if job.phase in ACTIVE:
        return last_hour(series, now, width), "run"
    return last_hour(series, series.at[-1], width), "dim"


def per_hour(series: Series) -> float | None:
    """How much the objective changed within the last hour of a series, by the hour.

    None: its newest stretch is too short to tell.

    Example:
        >>> per_hour(Series((0.0, 1800.0), (1, 2), (1.0, 3.0), (None, None)))
        4.0
    """
    begin = series.breaks[-1] if series.breaks else 0
    points = [
        (at, value)
        for at, told in zip(series.at[begin:], series.objective[begin:], strict=True)
        if (value := finite(told)) is not None
    ]
    if not points:
        return None
    at, newest = points[-1]
    since, value = next(p for p in points if at - p[0] <= HOUR)
    if at - since < _SHORTEST:
        return None
    change = (newest - value) / (at - since) * HOUR
    return change if math.isfinite(change) else None


def change(series: Series | None, job: JobState) -> Span:
    """The change of the objective of an active job, by the hour."""
    found = per_hour(series) if series is not None and job.phase in ACTIVE else None
    return ("", "") if found is None else (f"{found:+.3g}", "")


def rate(progress: Progress | None, job: JobState) -> Span:
    """Frames or steps per second of an active job."""
    if progress is None or progress.fps is None or job.phase not in ACTIVE:
        return "", ""
    return short_number(progress.fps), "dim"
