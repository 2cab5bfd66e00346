"""Polls the workflows of a run, copies their logs, and writes `queue.json` for screens.

At most one query for each workflow in `poll` seconds, and none for one without active tasks. While
the service does not answer, the interval doubles, and `queue.json` keeps the last answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.backends.osmo.osmo_index import Osmo
from pbt_tui.files.atomic import replace
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.queue_status import Queue, encode
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.osmo import log_copies
from pbt_tui.runtimes.osmo.task_tracker import OsmoTasks
from pbt_tui.runtimes.osmo.workflow_records import WorkflowRecords, WorkflowSubmission
from pbt_tui.runtimes.osmo.workflow_service import (
    NotLoggedIn,
    ServiceBusy,
    WorkflowGone,
    WorkflowService,
)
from pbt_tui.runtimes.osmo.workflow_submitter import RARELY
from pbt_tui.runtimes.worker_pool import WorkerPool

_TROUBLE = (EngineUnavailable, EngineError, NotLoggedIn, ServiceBusy)


@dataclass(slots=True, eq=False)
class _Polled:
    """A workflow that is followed."""

    record: WorkflowSubmission
    due: float
    """When it is queried next, in monotonic seconds."""
    asked: bool = False
    """Whether a query is under way."""
    cancelled: bool = False
    """Whether its cancel was asked for since the last query."""


class WorkflowPoller:
    """Decides when to query, and hands the answers to the tracker.

    Args:
        service: The service.
        tasks: The followed tasks.
        records: The records of the run.
        settings: Intervals.
        rundir: The run directory.
        pool: Threads for queries.
    """

    def __init__(
        self,
        service: WorkflowService,
        tasks: OsmoTasks,
        records: WorkflowRecords,
        settings: Osmo,
        rundir: RunDir,
        pool: WorkerPool,
    ) -> None:
        self.double: str | None = None
        """A message about a workflow that is there twice."""
        self._service = service
        self._tasks = tasks
        self._records = records
        self._settings = settings
        self._rundir = rundir
        self._pool = pool
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._followed: dict[str, _Polled] = {}
        self._trouble = 0
        """Failed queries in a row."""
        self._error: str | None = None
        self._answered: float | None = None
        self._drawn = b""

    def follow(self, record: WorkflowSubmission) -> None:
        """Follows a workflow with an id: its first query is due after one interval."""
        with self._lock:
            due = time.monotonic() + self._settings.poll
            self._followed.setdefault(record.name, _Polled(record, due))
        self.stir()

    def stir(self) -> None:
        """Computes again what is due."""
        self._bell.set()

    def run(self) -> None:
        """Thread: starts the queries that are due."""
        while not self._pool.closing.is_set():
            self._start_due()
            self._draw()
            self._bell.wait(self._pause())
            self._bell.clear()

    def _start_due(self) -> None:
        now = time.monotonic()
        with self._lock:
            for name, one in list(self._followed.items()):
                if not self._tasks.of(one.record):
                    if not one.asked:
                        del self._followed[name]
                elif one.due <= now and not one.asked:
                    one.asked = True
                    self._later(self.look, one)

    def _later(self, work: Callable[[_Polled], None], one: _Polled) -> None:
        with suppress(RuntimeError):  # the pool is closing
            self._pool.run_now(work, one)

    def _pause(self) -> float | None:
        with self._lock:
            due = [one.due for one in self._followed.values() if not one.asked]
        return max(min(due) - time.monotonic(), 0.01) if due else None

    def _interval(self) -> float:
        poll = self._settings.poll
        return float(min(poll * 2 ** min(self._trouble, 10), max(RARELY, poll)))

    # -- one query, in a thread of the pool --------------------------------------------------------

    def look(self, one: _Polled) -> None:
        """Queries a workflow once, and cancels it if nobody wants its tasks any more."""
        try:
            self._query(one.record)
        except _TROUBLE as error:
            self._trouble += 1
            self._error = str(error) or type(error).__name__
        else:
            self._trouble, self._error, self._answered = 0, None, time.time()
            self.cancel_unwanted(one.record)
        finally:
            with self._lock:
                one.due, one.asked = time.monotonic() + self._interval(), False
        self.stir()

    def _query(self, record: WorkflowSubmission) -> None:
        try:
            report = self._service.query(record.id or "")
        except WorkflowGone:
            self._tasks.gone(record)
            return
        # the cause of an end is looked for in the log, so the log comes first
        ends = self._tasks.ends_in(record, report)
        if ends:
            self._copy_log(record)
        self._tasks.saw(record, report)
        if not ends and any(task.runs for task in self._tasks.of(record)):
            self._copy_log(record)

    def cancel_unwanted(self, record: WorkflowSubmission) -> None:
        """Cancels a workflow whose active tasks are all to stop."""
        tasks = self._tasks.of(record)
        if not tasks or record.id is None or not all(task.wanted for task in tasks):
            return
        try:
            self._service.cancel(record.id, force=any(task.force for task in tasks))
        except (*_TROUBLE, WorkflowGone) as error:
            self._error = str(error)  # asked again after the next query

    def _copy_log(self, record: WorkflowSubmission) -> None:
        lines = self._settings.log_lines
        if not lines or record.id is None:
            return
        ident = record.id
        logs: dict[str, Path] = {
            one.task: self._rundir.log(one.job, one.attempt) for one in record.tasks
        }
        with suppress(*_TROUBLE, WorkflowGone):  # the log is read again with the next query
            log_copies.copy(
                self._records.seen(record),
                logs,
                lambda take: self._service.logs(
                    ident, lines, lambda line: take(line) and not self._pool.closing.is_set()
                ),
            )

    # -- for screens -------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Writes `queue.json` if its content changed."""
        places = self._tasks.places()
        if self._answered is None and not places and self._error is None:
            return
        ahead = self._pause()
        drawn = encode(
            Queue(
                polled_at=self._answered,
                next_at=time.time() + ahead if ahead is not None else None,
                floor=self._settings.poll,
                stale=self._error is not None,
                error=self._error or self.double,
                attempts=places,
            )
        )
        if drawn != self._drawn:
            self._drawn = drawn
            with suppress(OSError):  # screens can do without it
                replace(self._rundir.queue, drawn, sync=False)
