"""Follows the tasks of a run's workflows: turns reports of the service into facts.

Several threads call it; each start and each end becomes one fact. A report that is older than one
before it changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pbt_tui.journal.events import Source
from pbt_tui.observe.queue_status import QueueStatus, key
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.followed_tasks import FollowedTasks
from pbt_tui.runtimes.osmo import task_ends
from pbt_tui.runtimes.osmo.kind import SHARES, STOPS, WAITING
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.workflow_answers import (
    RUNNING,
    WAITS,
    TaskReport,
    WorkflowReport,
    is_end,
)
from pbt_tui.runtimes.osmo.workflow_records import Name, WorkflowSubmission
from pbt_tui.runtimes.protocol import Launch, Queued, Started

LOOKS = 3
"""Reports in a row without a task, or with an end without a code, before that counts."""


@dataclass(slots=True, eq=False)
class FollowedTask:
    """An attempt as a task of a workflow."""

    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    launch: Launch | None = None
    """How it is started; None if another executor submitted it."""
    task: str = ""
    """Name of the task."""
    workflow: str = ""
    """Name of its workflow; empty before there is a record of it."""
    id: str = ""
    """Id of the workflow at the service; empty while it is unknown."""
    wanted: bool = False
    """Whether the executor wants it to stop."""
    force: bool = False
    """Whether the executor wants it to be killed."""
    report: TaskReport | None = None
    """The newest report."""
    looks: int = 0
    """Reports in a row that said that it has ended, without its code, or that did not have it."""
    told: int = -1
    """The last start that was reported, as a number of retries."""
    reason: str = ""
    """Why it waits, as it was last reported."""
    source: Source | None = None
    """The generation from which its last start continues, as it was last reported."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    @property
    def handle(self) -> str:
        return f"{self.id}/{self.task}"

    @property
    def runs(self) -> bool:
        """Whether its command runs, as far as is known."""
        return self.report is not None and self.report.state == RUNNING


class OsmoTasks(FollowedTasks[FollowedTask]):
    """The tasks whose end has not been reported.

    Args:
        marks: The marks of members.
        wake: Wakes the event loop for a new fact.
    """

    def __init__(self, marks: SharedMarks, *, wake: Callable[[], None]) -> None:
        super().__init__(wake)
        self._marks = marks

    def of(self, record: WorkflowSubmission) -> list[FollowedTask]:
        """The followed tasks of a workflow."""
        with self.lock:
            found = [self._tasks.get(name) for name in record.names]
        return [task for task in found if task is not None and task.workflow == record.name]

    def belong(self, record: WorkflowSubmission) -> None:
        """Notes the workflow of tasks, and its id once it has one."""
        with self.lock:
            for one in record.tasks:
                task = self._tasks.get((one.job, one.attempt))
                if task is not None:
                    task.task, task.workflow = one.task, record.name
                    task.id = record.id or ""

    def waits(self, task: FollowedTask, reason: str) -> None:
        """Reports why a task waits, if that is new."""
        with self.lock:
            if reason == task.reason or task.name not in self._tasks:
                return
            task.reason = reason
        self.say(Queued(*task.name, reason))

    def places(self) -> dict[str, QueueStatus]:
        """State of each submitted task, for screens."""
        tasks = self.current()
        shared = {t.workflow for t in tasks if not t.wanted}
        return {key(*t.name): _place(t, t.workflow in shared) for t in tasks if t.id}

    # -- reports -----------------------------------------------------------------------------------

    def ends_in(self, record: WorkflowSubmission, report: WorkflowReport) -> bool:
        """Whether a report has a new end, before which the log should be read."""
        found = (report.tasks.get(task.task) for task in self.of(record))
        return any(one is not None and is_end(one.state) for one in found)

    def saw(self, record: WorkflowSubmission, report: WorkflowReport) -> None:
        """Takes one report about a workflow."""
        for task in self.of(record):
            found = report.tasks.get(task.task)
            before = task.report
            if found is None:
                self._missing(task, report)
            elif before is None or found.rank >= before.rank:
                with self.lock:
                    task.report = found
                    if before is None or found.rank > before.rank:
                        task.looks = 0
                self._take(task, found, report)

    def gone(self, record: WorkflowSubmission) -> None:
        """Takes the answer that the service has no such workflow."""
        for task in self.of(record):
            task.looks += 1
            if task.looks >= LOOKS:
                why = f"OSMO does not know workflow `{record.id}` any more"
                self.end(task, claims.lost(*task.name, task.handle, time.time(), why))

    def _take(self, task: FollowedTask, found: TaskReport, report: WorkflowReport) -> None:
        if found.state == RUNNING or (is_end(found.state) and found.started):
            again = found.retry or None
            source = self._marks.source(task.id, task.task, again) if again else None
            if found.retry > task.told or source not in (None, task.source):
                with self.lock:
                    task.told, task.reason, task.source = found.retry, "", source
                self.say(Started(*task.name, task.handle, found.node, again, source))
        elif found.state in WAITS:
            self.waits(task, found.state)
        if is_end(found.state):
            self._ended(task, found, report)

    def _ended(self, task: FollowedTask, found: TaskReport, report: WorkflowReport) -> None:
        task.looks += 1
        mark = self._marks.code(task.id, task.task) if found.code is None else None
        if mark is None and not task_ends.is_sure(found) and task.looks < LOOKS - 1:
            return
        fact = task_ends.ended(
            task.name,
            task.handle,
            found,
            time.time(),
            mark=mark,
            cancelled_by=report.cancelled_by,
        )
        if not is_end(report.state):
            self._marks.leave(task.id, task.task)
        self.end(task, fact)

    def _missing(self, task: FollowedTask, report: WorkflowReport) -> None:
        """A report without the task: the workflow may not have been read by the service yet."""
        if not is_end(report.state):
            if report.state in WAITS:
                self.waits(task, report.state)
            return
        task.looks += 1
        if task.looks >= LOOKS or report.state != "COMPLETED":
            found = TaskReport(task.task, report.state)
            fact = task_ends.ended(
                task.name, task.handle, found, time.time(), cancelled_by=report.cancelled_by
            )
            self.end(task, fact)


def _place(task: FollowedTask, shared: bool) -> QueueStatus:
    report = task.report
    waits = report is None or report.state in WAITS
    reason = (report.state if report else task.reason) or None if waits else None
    state = WAITING if waits or report is None else report.state
    if task.wanted and shared:
        reason, state = (SHARES, state) if waits else (None, STOPS)
    return QueueStatus(
        id=task.handle,
        state=state,
        reason=reason,
        node=None if waits or report is None else report.node,
        restarts=report.retry if report else 0,
    )
