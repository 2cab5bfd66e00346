"""The cells of the job table that show how far a training is, and how good.

Must not import Textual.
"""

from __future__ import annotations

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.journal.status_text import countdown, duration, short_number
from pbt_tui.observe.progress import Progress, Series
from pbt_tui.tui.render.sparkline import last_hour
from pbt_tui.tui.text import Span, safe

_DONE, _HALF, _LEFT = "━", "╸", "─"


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


def curve(series: Series | None, now: float, width: int) -> Span:
    """The objective of the last hour."""
    return ("", "") if series is None else (last_hour(series, now, width), "run")


def rate(progress: Progress | None, job: JobState) -> Span:
    """Frames or steps per second of an active job."""
    if progress is None or progress.fps is None or job.phase not in ACTIVE:
        return "", ""
    return short_number(progress.fps), "dim"
