"""The data that all screens share: rows, marked jobs, groups of failures, the engine's queue.

Must not import Textual or change the state of the run, which the follower owns.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import ACTIVE, JobState, RunState
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.progress import Progress, Remaining
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.queue_status import Queue, QueueStatus, key
from pbt_tui.tui.columns import (
    OF_OBJECTIVE,
    PARAMETER_CELLS,
    PROGRESS,
    Column,
    chosen_column,
    varied,
)
from pbt_tui.tui.folding import FoldedRows
from pbt_tui.tui.journal_follower import FollowerUpdate, JournalFollower
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.sort_orders import Measures
from pbt_tui.tui.table_order import TableOrder

if TYPE_CHECKING:
    from pbt_tui.observe.failure_grouping import FailureGroups, Group
    from pbt_tui.observe.snapshot_types import QueueRow
    from pbt_tui.runtimes import RuntimeKind
    from pbt_tui.tui.time_travel.past_run import PastRun

_SHARE = 20
"""Work that took t seconds is repeated after 20 t at the earliest, so it takes 5 % of the time."""


class Model:
    def __init__(self, follower: JournalFollower | PastRun) -> None:
        self.follower = follower
        self.progress: RunProgress = follower.open_progress()
        self.has_progress = False
        """Whether a number is known of the progress of a job."""
        self.has_objective = False
        """Whether the objective of a job is known."""
        self.left: Remaining | None = None
        """The time that the run still needs; None: unknown, or no executor is there."""
        self._reckon_at = 0.0
        self._is_reckoned = True
        """Whether what follows from progress is that of the newest progress."""
        self.first_end: float | None = None
        """Seconds until the first active job is expected to end; None: unknown."""
        self.best: tuple[str, float] | None = None
        """The job with the best objective, and the objective; None: unknown."""
        self.rate: float | None = None
        """Frames or steps per second of all active jobs; None: unknown."""
        self.parameters: Mapping[str, int] = varied(follower.state.spec.jobs)
        """Parameters in which jobs differ, with the cells that their values need."""
        self.chosen: tuple[Column, ...] = ()
        """The columns that a person has chosen; empty: those that fit."""
        self._wanted: tuple[str, ...] = ()
        self.rows = TableOrder(follower.state, self._measures(), tuple(self.parameters))
        self.folded = FoldedRows(self.rows)
        """The rows of the table, in which groups of equal jobs have one row."""
        self.marks: set[int] = set()
        """Plan indices of the marked jobs."""
        self.longest = longest_id(follower.state)
        self._groups: list[Group] = []
        self._grouping: FailureGroups | None = None
        self._ungrouped: set[int] = set()
        """Plan indices of the jobs that changed since the failures were grouped."""
        self._regroup_at = 0.0
        self._is_behind = False
        """Whether a page has drawn groups that lack some of the changes."""
        self._tallied: tuple[Queue | None, QueueRow | None] = (None, None)
        self._late: set[int] = set()
        self._not_before = 0.0
        self.folded.is_on = follower.loaded

    @property
    def state(self) -> RunState:
        return self.follower.state

    def _measures(self) -> Measures:
        return Measures(self.progress.reached, self.progress.active, self.progress.active_series)

    def show(self, follower: JournalFollower | PastRun, progress: RunProgress) -> None:
        """Shows the run as another follower has it: at another time."""
        self.follower, self.progress = follower, progress
        self.rows.measure_with(self._measures())
        self.left = self.first_end = self.best = self.rate = None
        self._reckon_at, self._is_reckoned = 0.0, False

    def take(self, change: FollowerUpdate) -> bool:
        """Processes an update of the follower; True if rows came, went or moved."""
        if self._is_behind and time.perf_counter() >= self._regroup_at:
            self._is_behind = False  # the page that is drawn now asks for the groups, if it has any
        if self.rows.state is not self.state:
            if self.rows.state.spec is not self.state.spec:  # else it is the run at another time
                self.longest = longest_id(self.state)
                self.parameters = varied(self.state.spec.jobs)
                self.marks.clear()
            self._late.clear()
            self._grouping = None
            self._regroup_at = 0.0
            self.rows.reset(self.state, tuple(self.parameters))
            if self._wanted:
                self.choose_columns(self._wanted)
            self.folded.is_on = self.follower.loaded
            return True
        self._late |= change.jobs
        if change.everything and self._grouping is not None:
            self._ungrouped.update(range(len(self.state.jobs)))
        elif self._grouping is not None:
            self._ungrouped |= change.jobs
        if time.perf_counter() < self._not_before and not change.everything:
            return False
        start = time.perf_counter()
        moved = True
        self.folded.is_on = self.follower.loaded
        if change.run:
            self.folded.renew()
        if change.everything:
            self.rows.rebuild()
        else:
            regrouped = self.folded.update(self._late)
            moved = self.rows.update(self._late) or regrouped
        self._late.clear()
        if moved:
            self._not_before = start + _SHARE * (time.perf_counter() - start)
        return moved

    def choose_columns(self, names: Sequence[str]) -> list[str]:
        """Shows these columns; returns those that this run has not. None: all that fit."""
        from pbt_tui.tui import column_choice  # late, for a fast first page

        jobs = self.state.spec.jobs
        found, unknown = column_choice.choice(names, column_choice.names_of(jobs) if names else ())
        self._wanted = tuple(names)
        self.chosen = tuple(
            chosen_column(
                one.title,
                one.width or column_choice.cells_of(one.title, jobs, PARAMETER_CELLS)
                if one.is_parameter
                else one.width,
                is_parameter=one.is_parameter,
            )
            for one in found
        )
        shown = [one.title for one in found if one.is_parameter]
        self.rows.reset(self.state, tuple(dict.fromkeys((*self.parameters, *shown))))
        return unknown

    def poll_progress(self, now: float) -> bool:
        """Reads what the executor has written about progress; returns whether any changed.

        Args:
            now: The time, in Unix seconds.
        """
        if not self.progress.poll() and self._is_reckoned:
            return False
        self._is_reckoned = False
        self.has_progress = self.has_progress or self.progress.has_numbers
        self.has_objective = self.has_objective or self.progress.has_objective
        start = time.perf_counter()
        if start >= self._reckon_at:
            if self.rows.by_progress:
                self.rows.rebuild()
            live = self.follower.holder is not None
            self.left = self.progress.eta(self.state, now) if live else None
            self.first_end = self._first_end() if live else None
            self.best = self.progress.best()
            self.rate = self.progress.rate() if live else None
            self._reckon_at = start + _SHARE * (time.perf_counter() - start)
            self._is_reckoned = True
        return True

    def _first_end(self) -> float | None:
        known = map(self.progress.active, self.state.active.values())
        left = [found.eta.seconds for found in known if found is not None and found.eta]
        return min(left, default=None)

    def progress_of(self, job: JobState) -> Progress | None:
        """What is known of the progress of a job."""
        return self.progress.of(job, live=self.follower.holder is not None)

    @property
    def is_late(self) -> bool:
        """Whether something that changed still has to be drawn.

        The rows and the failures of large runs are not sorted every time, and the last change may
        be followed by no other.
        """
        return bool(self._late) or (self._is_behind and time.perf_counter() >= self._regroup_at)

    @property
    def groups(self) -> list[Group]:
        """Failed jobs, grouped by cause, largest group first."""
        if not self.state.counts["failed"]:
            return []
        now = time.perf_counter()
        if now < self._regroup_at:
            self._is_behind = self._is_behind or bool(self._ungrouped)
            return self._groups
        if self._grouping is None:
            from pbt_tui.observe.failure_grouping import FailureGroups  # late: a fast first page

            self._grouping = FailureGroups(self.state)
        elif self._ungrouped:
            self._grouping.update(self._ungrouped)
        else:
            return self._groups
        self._ungrouped.clear()
        self._groups = self._grouping.groups
        self._regroup_at = now + _SHARE * (time.perf_counter() - now)
        return self._groups

    @property
    def begin(self) -> float:
        """When the first attempt was scheduled, in Unix seconds; asked only after a failure."""
        return self.state.at if self._grouping is None else self._grouping.begin

    @property
    def queue(self) -> QueueRow | None:
        """The last answer of the engine; None if nothing of the run is queued."""
        answer = self.follower.queue
        if answer is not self._tallied[0]:
            from pbt_tui.observe.queue_summary import tally  # late, for a fast first page

            useful = answer is not None and (answer.attempts or answer.stale)
            self._tallied = (answer, tally(answer) if answer and useful else None)
        return self._tallied[1] if self.state.closed is None else None

    @property
    def kind(self) -> RuntimeKind | None:
        """The kind of the newest executor's runtime; None without an executor."""
        return kind_of(self.state)

    def queue_status(self, job: JobState) -> QueueStatus | None:
        """The entry of the job's active attempt in the engine's queue; None if there is none."""
        answer, attempt = self.follower.queue, job.attempt
        if answer is None or attempt is None or attempt.outcome is not None:
            return None
        return answer.attempts.get(key(job.spec.id, attempt.number))

    def pause(self, job: JobState) -> Pause | None:
        """The pause of the job's attempt in the engine; None if it is not paused."""
        attempt = job.attempt
        if attempt is None or job.shown != "running":
            return None
        return self.follower.pauses.get(key(job.spec.id, attempt.number))

    @property
    def useless_columns(self) -> frozenset[str]:
        """Titles of columns that would have the same value for every job."""
        kind = self.kind
        names = ["NODE" if kind is None or kind.local else "GPU"]
        if not self.has_progress:
            names += PROGRESS
        elif not self.has_objective:
            names += OF_OBJECTIVE
        jobs = self.state.spec.jobs
        if not jobs or jobs[0].experiment == jobs[-1].experiment:
            names.append("EXPERIMENT")
        return frozenset(names)

    def jobs(self, names: Iterable[str]) -> list[JobState]:
        by_id = self.state.by_id
        return [by_id[name] for name in names if name in by_id]

    def marked(self) -> list[JobState]:
        return [self.state.jobs[index] for index in sorted(self.marks)]


def failed(state: RunState) -> list[JobState]:
    return [job for job in state.jobs if job.phase == "failed"] if state.counts["failed"] else []


def longest_id(state: RunState) -> int:
    return max((len(job.spec.id) for job in state.jobs), default=8)


def gpu_jobs(state: RunState) -> list[tuple[Gpu, list[JobState]]]:
    """Every GPU that the executor may use, with the active jobs on it."""
    if state.executor is None:
        return []
    rows: list[tuple[Gpu, list[JobState]]] = [(gpu, []) for gpu in state.executor.gpus]
    by_name: dict[str, list[JobState]] = {}
    for gpu, jobs in rows:
        if gpu.uuid is not None:
            by_name[gpu.uuid] = jobs
        if gpu.index is not None:
            by_name[str(gpu.index)] = jobs
    for job in state.active.values():
        if job.phase in ACTIVE and job.attempt is not None:
            for name in job.attempt.gpus:
                if name in by_name:
                    by_name[name].append(job)
    return rows
