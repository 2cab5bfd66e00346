"""What is known about the progress of the jobs of a run: the two files that its executor writes.

Kept between calls, it reads only what changed. A run without an executor has the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from pbt_tui.files import disk
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.progress import (
    Finished,
    Progress,
    Progresses,
    Remaining,
    Series,
    read,
    remaining,
)
from pbt_tui.observe.progress.series_file import FinishedReader, Reached, reached


class ProgressPaths(Protocol):
    """The paths of `journal.run_dir.RunDir` that are read."""

    progress: Path
    """`progress.json`."""
    series: Path
    """`series.jsonl`."""


class RunProgress:
    """Follows `progress.json` and `series.jsonl` of a run directory.

    Example:
        >>> from pbt_tui.journal.run_dir import RunDir
        >>> known = RunProgress(RunDir(Path("train_dir/ants/_pbt")))
        >>> known.poll()
        False
    """

    def __init__(self, rundir: ProgressPaths) -> None:
        self._path = rundir.progress
        self._stamp = (0, 0)
        self._newest = Progresses(0.0, {})
        self._ended = FinishedReader(rundir.series)
        self._last: tuple[str, Finished | None] = ("", None)
        """The job that was asked for last: its progress and its series are in one line."""

    @property
    def at(self) -> float:
        """When the executor last read the logs, in Unix seconds; 0: never."""
        return self._newest.at

    @property
    def has_numbers(self) -> bool:
        """Whether anything but the last line of a log is known of a job."""
        return bool(self._newest.series or len(self._ended)) or any(
            found.step is not None or found.share is not None or found.objective is not None
            for found in self._newest.jobs.values()
        )

    @property
    def has_objective(self) -> bool:
        """Whether the objective of a job is known."""
        newest = self._newest.jobs.values()
        return self._ended.has_objective or any(one.objective is not None for one in newest)

    def poll(self, budget: int = 8 << 20) -> bool:
        """Reads what changed, at most `budget` bytes of `series.jsonl`; returns whether any did."""
        try:
            found = disk.calls.stat(self._path)
            stamp = (found.st_mtime_ns, found.st_ino)
        except OSError:
            stamp = (0, 0)
        changed = stamp != self._stamp
        if changed:
            self._stamp = stamp
            self._newest = read(self._path) or Progresses(0.0, {})
        self._last = ("", None)
        return self._ended.poll(budget) or changed

    def of(self, job: JobState, *, live: bool = True) -> Progress | None:
        """The newest values of a job, or after its end the last ones; None: nothing is known.

        Args:
            job: The job.
            live: Whether an executor runs; without one there is no time left to tell.
        """
        is_active = job.attempt is not None and job.attempt.outcome is None
        found = self._newest.jobs.get(job.spec.id)
        if not is_active or found is None:
            ended = self._of_ended(job)
            found = ended.progress if ended else found
        if found is None or found.eta is None or (live and is_active):
            return found
        return msgspec.structs.replace(found, eta=None)

    def active(self, job: JobState) -> Progress | None:
        """What the executor wrote last of an active job; None: it has ended, or nothing is known.

        Args:
            job: The job.
        """
        is_active = job.attempt is not None and job.attempt.outcome is None
        return self._newest.jobs.get(job.spec.id) if is_active else None

    def active_series(self, job: JobState) -> Series | None:
        """The values over time of an active job; None: it has ended, or nothing is known.

        Args:
            job: The job.
        """
        is_active = job.attempt is not None and job.attempt.outcome is None
        found = self._newest.series.get(job.spec.id) if is_active else None
        return found if found is not None and _is_whole(found) else None

    def reached(self, job: JobState) -> Reached | None:
        """What a job compares by, without reading a file; None: nothing is known.

        Args:
            job: The job.
        """
        found = self.active(job)
        if found is not None:
            return reached(found)
        ended = self._ended.reached(job.spec.id) if job.attempts else None
        if ended is not None:
            return ended
        found = self._newest.jobs.get(job.spec.id)
        return None if found is None else reached(found)

    def best(self) -> tuple[str, float] | None:
        """The job with the best objective, and the objective; None: no objective is known.

        Where some trainings tell a loss and others do not, losses are left out.
        """
        newest = {name: reached(found) for name, found in self._newest.jobs.items()}
        for is_loss in (False, True):
            ended = self._ended.best(is_loss=is_loss)
            found = [
                (one.objective, name)
                for name, one in newest.items()
                if one.objective is not None and one.is_loss == is_loss
            ]
            found += [] if ended is None else [(ended[1], ended[0])]
            if found:
                objective, name = min(found) if is_loss else max(found)
                return name, objective
        return None

    def rate(self) -> float | None:
        """Frames or steps per second of all active jobs together; None: no job tells it."""
        rates = [found.fps for found in self._newest.jobs.values() if found.fps is not None]
        return sum(rates) if rates else None

    def series(self, job: JobState) -> Series | None:
        """The values of a job over time; None: no number is known."""
        found = self._newest.series.get(job.spec.id)
        if found is None or job.attempt is None or job.attempt.outcome is not None:
            ended = self._of_ended(job)
            found = ended.series if ended else found
        return found if found is not None and _is_whole(found) else None

    def newest(self, name: str) -> Progress | None:
        """What the executor wrote last of a job by id, also if it has ended since; None: nothing.

        Args:
            name: Id of the job.
        """
        return self._newest.jobs.get(name)

    def series_of(self, name: str) -> Series | None:
        """The values over time of a job by id; None: no number is known.

        Args:
            name: Id of the job.
        """
        found = self._newest.series.get(name)
        if found is None:
            ended = self._ended.of(name)
            found = ended.series if ended is not None else None
        return found if found is not None and _is_whole(found) else None

    def ended_attempt(self, job: str) -> int | None:
        """The newest attempt of a job of which the last values are known; None: of none.

        Args:
            job: Id of the job.
        """
        return self._ended.attempt(job)

    def known(self, job: str) -> tuple[float, int | None, Progress, Series | None] | None:
        """When the newest values of a job were read, of which attempt, the values and the series.

        The attempt is None where the values are of the active one; all is None if nothing is known.

        Args:
            job: Id of the job.
        """
        found = self._newest.jobs.get(job)
        if found is not None:
            series = self._newest.series.get(job)
            return self._newest.at, None, found, series if series and _is_whole(series) else None
        ended = self._ended.of(job)
        if ended is None:
            return None
        series = ended.series if _is_whole(ended.series) and ended.series.at else None
        return ended.at, ended.attempt, ended.progress, series

    def eta(self, state: RunState, now: float) -> Remaining | None:
        """The time that the run still needs; None: unknown, or the run is closed or on hold.

        Args:
            state: The state of the run, which an executor is running.
            now: The time, in Unix seconds.
        """
        if state.closed is not None or state.held:
            return None
        active = [job for job in state.active.values() if job.attempt is not None]
        left: list[Remaining | None] = []
        spent: list[float] = []
        for job in active:
            found = self.of(job)
            begun = job.attempts[-1].started_at
            left.append(found.eta if found is not None else None)
            spent.append(0.0 if begun is None else max(0.0, now - begun))
        durations = [
            last.ended_at - last.started_at
            for job in state.jobs
            if job.phase == "succeeded"
            and (last := job.attempts[-1]).ended_at is not None
            and last.started_at is not None
        ]
        parallel = len(active) or min(state.policy.max_parallel, max(1, len(state.jobs)))
        return remaining.of_run(left, spent, state.counts["waiting"], durations, parallel)

    def _of_ended(self, job: JobState) -> Finished | None:
        if not job.attempts:
            return None
        if self._last[0] != job.spec.id:
            self._last = (job.spec.id, self._ended.of(job.spec.id))
        return self._last[1]


def _is_whole(series: Series) -> bool:
    """Whether the lists fit together, as those that this package writes do."""
    count = len(series.at)
    lengths = {len(series.step), len(series.objective), len(series.share)}
    return lengths == {count} and all(0 < k < count for k in series.breaks)
