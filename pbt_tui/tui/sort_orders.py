"""The orders of the job table: a key for each column, and for what no column shows.

Must not import Textual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.observe.progress import Progress, Series
from pbt_tui.observe.progress.series_file import Reached
from pbt_tui.tui.labels import ORDER, value_text
from pbt_tui.tui.progress_columns import per_hour


class Measures(Struct):
    """What the orders by progress read, besides the job."""

    reached: Callable[[JobState], Reached | None] = lambda job: None
    """Returns the share and the objective of a job."""
    active: Callable[[JobState], Progress | None] = lambda job: None
    """Returns the progress of a job that is active."""
    series: Callable[[JobState], Series | None] = lambda job: None
    """Returns the values over time of a job that is active."""


Key = Callable[[JobState, Measures], Any]
"""Returns the value by which a job is sorted, or None: jobs without one come last."""


class SortOrder(Struct, frozen=True):
    name: str
    """Its name for people."""
    key: Key | None
    """None keeps plan order."""
    column: str = ""
    """Title of the column that it sorts by; empty: none does."""
    by_progress: bool = False
    """Whether rows may move although no job has changed its state."""


def _time(job: JobState, measures: Measures) -> float | None:
    """The longest first; active jobs, by their start, before ended ones."""
    attempt = job.attempt
    if attempt is None:
        return None
    start = attempt.started_at or attempt.scheduled_at
    return -(attempt.ended_at - start if attempt.ended_at else 1e12 - start)


def _objective(job: JobState, measures: Measures) -> float | None:
    """The best first; a loss is best where it is least."""
    found = measures.reached(job)
    if found is None or found.objective is None:
        return None
    return found.objective if found.is_loss else -found.objective


def _share(job: JobState, measures: Measures) -> float | None:
    """The furthest first."""
    found = measures.reached(job)
    return None if found is None or found.share is None else -found.share


def _eta(job: JobState, measures: Measures) -> float | None:
    """The next to end first."""
    found = measures.active(job) if job.phase in ACTIVE else None
    return None if found is None or found.eta is None else found.eta.seconds


def _rate(job: JobState, measures: Measures) -> float | None:
    """The fastest first."""
    found = measures.active(job) if job.phase in ACTIVE else None
    return None if found is None or found.fps is None else -found.fps


def _change(job: JobState, measures: Measures) -> float | None:
    """The one that rises most first."""
    series = measures.series(job) if job.phase in ACTIVE else None
    change = None if series is None else per_hour(series)
    return None if change is None else -change


def _gpu(job: JobState, measures: Measures) -> tuple[int, tuple[str, ...]] | None:
    attempt = job.attempt
    if attempt is None or not attempt.gpus:
        return None
    return (job.phase not in ACTIVE, attempt.gpus)


def _node(job: JobState, measures: Measures) -> tuple[int, str] | None:
    attempt = job.attempt
    if attempt is None or not attempt.node:
        return None
    return (job.phase not in ACTIVE, attempt.node)


SORTS: Mapping[str, SortOrder] = {
    "t": SortOrder("state", lambda job, _: ORDER[job.shown], "STATE"),
    "o": SortOrder("objective", _objective, "OBJECTIVE", by_progress=True),
    "g": SortOrder("progress", _share, "PROGRESS", by_progress=True),
    "e": SortOrder("ETA", _eta, "ETA", by_progress=True),
    "h": SortOrder("change per hour", _change, "Δ/h", by_progress=True),
    "f": SortOrder("fps", _rate, "FPS", by_progress=True),
    "d": SortOrder("duration", _time, "TIME"),
    "j": SortOrder("job", lambda job, _: job.spec.id, "JOB"),
    "a": SortOrder("attempts", lambda job, _: -len(job.attempts), "TRY"),
    "u": SortOrder("GPU", _gpu, "GPU"),
    "n": SortOrder("node", _node, "NODE"),
    "m": SortOrder("experiment", lambda job, _: job.spec.experiment, "EXPERIMENT"),
    "c": SortOrder("changed", lambda job, _: -job.since),
    "p": SortOrder("plan", None),
}
"""The letter typed after `s` -> the order."""


def by_parameter(name: str) -> SortOrder:
    """The order by the values of a parameter: numbers before texts."""

    def key(job: JobState, measures: Measures) -> tuple[int, float, str] | None:
        value = job.spec.params.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not math.isnan(value):
            return (0, value, "")
        return (1, 0.0, value if isinstance(value, str) else value_text(value))

    return SortOrder(name.rpartition(".")[2], key, name)


def orders(parameters: Sequence[str]) -> dict[str, SortOrder]:
    """All orders by their letters; a digit stands for a parameter.

    Example:
        >>> orders(["train.lr"])["1"].name
        'lr'
    """
    digits = {str(k): by_parameter(name) for k, name in enumerate(parameters[:9], 1)}
    return {**digits, **SORTS}
