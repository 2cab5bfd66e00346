"""The progress of the jobs of a run at an earlier time, as far as their series tell it.

A series has some dozens of points, each with its time. The values at a time are those of the last
point up to it; what no point has, such as the rate and the line of the log, is not known of it.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.progress import Progress, Series, remaining
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.progress.series_file import Reached, reached


class PastProgress(RunProgress):
    """What is known of the progress of the jobs at a time, which `go` sets.

    Args:
        present: What is known of it now.
    """

    def __init__(self, present: RunProgress) -> None:
        self._present = present
        self._moment = 0.0
        self._jobs: list[JobState] = []
        self._moved = False
        self._then: dict[str, tuple[Progress | None, Series | None]] = {}
        """What was known of a job; cleared when the time or a file changes."""

    def go(self, moment: float, state: RunState) -> None:
        """Sets the time.

        Args:
            moment: The time, in Unix seconds.
            state: The state of the run then.
        """
        self._moment, self._jobs, self._moved = moment, state.jobs, True
        self._then.clear()

    @property
    def at(self) -> float:
        """The time."""
        return self._moment

    @property
    def has_numbers(self) -> bool:
        """Whether anything but the last line of a log is known of a job now."""
        return self._present.has_numbers

    @property
    def has_objective(self) -> bool:
        """Whether the objective of a job is known now."""
        return self._present.has_objective

    def poll(self, budget: int = 8 << 20) -> bool:
        """Reads what changed; returns whether any did, or the time."""
        if news := self._present.poll(budget):
            self._then.clear()
        news, self._moved = news or self._moved, False
        return news

    def of(self, job: JobState, *, live: bool = True) -> Progress | None:
        """The values of a job at the time; None: nothing is known.

        Args:
            job: The job, as it was then.
            live: Whether an executor ran; without one there was no time left to tell.
        """
        found = self._of(job)[0]
        if found is None or found.eta is None or (live and _is_active(job)):
            return found
        return msgspec.structs.replace(found, eta=None)

    def series(self, job: JobState) -> Series | None:
        """The values of a job up to the time; None: no number is known."""
        return self._of(job)[1]

    def active(self, job: JobState) -> Progress | None:
        """The values of a job that was active; None: it was not, or nothing is known."""
        return self._of(job)[0] if _is_active(job) else None

    def active_series(self, job: JobState) -> Series | None:
        """The values over time of a job that was active; None: it was not, or none are known."""
        return self._of(job)[1] if _is_active(job) else None

    def reached(self, job: JobState) -> Reached | None:
        """What a job compares by; reads no file of a job whose last attempt had ended."""
        if not job.attempts:
            return None
        if not _is_active(job) and self._present.ended_attempt(job.spec.id) == len(job.attempts):
            return self._present.reached(job)
        found = self._of(job)[0]
        return None if found is None else reached(found)

    def best(self) -> tuple[str, float] | None:
        """The job with the best objective at the time, and the objective; None: none is known."""
        known = [(job.spec.id, self.reached(job)) for job in self._jobs if job.attempts]
        for is_loss in (False, True):
            found = [
                (one.objective, name)
                for name, one in known
                if one is not None and one.objective is not None and one.is_loss == is_loss
            ]
            if found:
                objective, name = min(found) if is_loss else max(found)
                return name, objective
        return None

    def rate(self) -> float | None:
        """None: series have no rates."""
        return None

    def _of(self, job: JobState) -> tuple[Progress | None, Series | None]:
        if not job.attempts:
            return None, None
        name = job.spec.id
        if name not in self._then:
            self._then[name] = self._cut(job)
        return self._then[name]

    def _cut(self, job: JobState) -> tuple[Progress | None, Series | None]:
        known = self._present.known(job.spec.id)
        if known is None:
            return None, None
        at, attempt, progress, whole = known
        series = None if whole is None else until(whole, self._moment)
        if at <= self._moment and attempt in (None, len(job.attempts)):
            return progress, series
        if series is None:
            return None, None
        return _at_last_point(progress, series, is_active=_is_active(job)), series


def _is_active(job: JobState) -> bool:
    return job.attempt is not None and job.attempt.outcome is None


def until(series: Series, moment: float) -> Series | None:
    """The points of a series up to a time; None: it has none.

    Example:
        >>> until(Series(at=(1.0, 2.0), step=(5, 6), objective=(None, None), share=(None, None)),
        ...       1.5).step
        (5,)
    """
    count = bisect_right(series.at, moment)
    if count == len(series.at):
        return series
    if not count:
        return None
    return Series(
        at=series.at[:count],
        step=series.step[:count],
        objective=series.objective[:count],
        share=series.share[:count],
        breaks=tuple(place for place in series.breaks if place < count),
    )


def _at_last_point(now: Progress, series: Series, *, is_active: bool) -> Progress:
    """The values at the last point of a series; `now` names what they are."""
    return Progress(
        step=series.step[-1],
        total=now.total,
        unit=now.unit,
        share=series.share[-1],
        eta=remaining.of_job(series) if is_active else None,
        objective=series.objective[-1],
        objective_name=now.objective_name,
        at=series.at[-1],
        readers=now.readers,
    )
