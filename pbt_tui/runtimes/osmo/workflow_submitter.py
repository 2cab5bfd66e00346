"""Submits each workflow once, also if an executor dies or an answer is lost.

The record is on disk before the service is asked (`submit_once`). After a request without an
answer, the workflow may still appear: it is looked up by its name until `settle` seconds have
passed, and only then submitted again. Runs in threads of the worker pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.osmo.task_tracker import FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.osmo.workflow_records import Name, WorkflowRecords, WorkflowSubmission
from pbt_tui.runtimes.osmo.workflow_service import (
    NotLoggedIn,
    ServiceBusy,
    WorkflowGone,
    WorkflowService,
)
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.runtimes.submit_once import SubmitOnce
from pbt_tui.runtimes.worker_pool import Closing, WorkerPool

RARELY = 300.0
"""Longest pause in seconds between two requests to a service that does not answer."""
_SHORT = 0.2
"""Seconds after which a waiting thread looks whether anybody still wants its tasks."""


class WorkflowSubmitter:
    """Submits the workflows of one run.

    Args:
        plan: What all workflows have in common.
        records: The records of the run.
        tasks: The followed tasks.
        pool: Threads.
        service: The service.
        submitted: Called with each record that has an id.
        doubled: Called with a name and all its ids, if the service has more than one.
        clock: Wall clock, in Unix seconds.
        rest: Waits some seconds; returns True if the runtime is closing. None: real time.
    """

    def __init__(
        self,
        plan: WorkflowPlan,
        records: WorkflowRecords,
        tasks: OsmoTasks,
        pool: WorkerPool,
        service: WorkflowService,
        *,
        submitted: Callable[[WorkflowSubmission], None],
        doubled: Callable[[str, Sequence[str]], None],
        clock: Callable[[], float] = time.time,
        rest: Callable[[float], bool] | None = None,
    ) -> None:
        self.held = False
        self._plan = plan
        self._records = records
        self._tasks = tasks
        self._pool = pool
        self._service = service
        self._submitted = submitted
        self._doubled = doubled
        self._clock = clock
        self._rest = pool.closing.wait if rest is None else rest
        self._once = SubmitOnce(look_up=self._look_up, ask=self._ask, save=records.save)

    # -- in threads --------------------------------------------------------------------------------

    def launch(self, names: Sequence[Name]) -> None:
        """Makes the workflow of these attempts, and submits it."""
        self._while_held(names)
        record = self._written(names)
        if record is not None:
            self.carry_on(record)

    def carry_on(self, record: WorkflowSubmission) -> None:
        """Submits a recorded workflow, unless the service has it already."""
        pause = self._plan.settings.poll
        while True:
            try:
                found = self._find(record)
            except EngineUnavailable as error:
                self._wait(record, f"Silent: {error}", pause)
                pause = min(pause * 2, RARELY)
                continue
            if found is None and self._is_unsettled(record):
                self._wait(record, "Unanswered", min(pause, self._plan.settings.settle / 4))
                continue
            if found is None:
                wanted = self._still_wanted(record)
                if wanted is None:
                    return
                record = msgspec.structs.replace(wanted, asked=self._clock())
                try:
                    found = self._once.submit(record)
                except (ServiceBusy, NotLoggedIn) as error:
                    record = self._asked(record, None)
                    self._wait(record, type(error).__name__.removeprefix("Service"), pause)
                except EngineUnavailable as error:
                    record = self._asked(record, self._clock())
                    self._wait(record, f"Silent: {error}", min(pause, 1.0))
                except (EngineError, WorkflowGone) as error:
                    found = self._despite(record)
                    if found is None:
                        self._refuse(record, str(error))
                        return
                pause = min(pause * 2, RARELY)
            if found is not None:
                self._tasks.belong(found)
                self._submitted(found)
                return

    def _find(self, record: WorkflowSubmission) -> WorkflowSubmission | None:
        """The record with its id; None if the service does not have the workflow now.

        Raises:
            EngineUnavailable: if that is unknown, also because the service refused the question.
        """
        if record.id is not None or record.asked is None:
            return record if record.id is not None else None
        try:
            return self._once.find(record)
        except (ServiceBusy, NotLoggedIn, EngineError, WorkflowGone) as error:
            raise EngineUnavailable(str(error) or type(error).__name__) from error

    def _despite(self, record: WorkflowSubmission) -> WorkflowSubmission | None:
        """The record with its id, if the service has the workflow although it refused one."""
        while True:
            try:
                return self._find(record)
            except EngineUnavailable as error:
                self._wait(record, f"Silent: {error}", self._plan.settings.poll)

    def _ask(self, record: WorkflowSubmission) -> WorkflowSubmission:
        lock = self._records.lock(record)
        ident = self._service.submit(self._records.file(record), record.name, lock)
        return msgspec.structs.replace(record, id=ident)

    def _look_up(self, record: WorkflowSubmission) -> WorkflowSubmission | None:
        if self._service.is_sending(self._records.lock(record)):
            raise EngineUnavailable("an earlier client still submits it")
        ids = self._service.find(record.name)
        if len(ids) > 1:
            self._doubled(record.name, ids)
        return msgspec.structs.replace(record, id=ids[0]) if ids else None

    def _is_unsettled(self, record: WorkflowSubmission) -> bool:
        """Whether a workflow may still appear after a request without an answer."""
        asked = record.asked
        if asked is None:
            return False
        # also where the clock was set back
        return abs(self._clock() - asked) < self._plan.settings.settle

    def _asked(self, record: WorkflowSubmission, at: float | None) -> WorkflowSubmission:
        """Saves when a request may have been sent last.

        None only after an answer that says that the service did nothing. An earlier request of
        the same name has been looked up by then.
        """
        record = msgspec.structs.replace(record, asked=at)
        self._records.save(record)
        return record

    # -- which tasks -------------------------------------------------------------------------------

    def _written(self, names: Sequence[Name]) -> WorkflowSubmission | None:
        """A new record of the tasks that are still wanted; None if there are none."""
        with self._tasks.lock:  # `forfeit` must not drop a task while its record is written
            tasks = [task for name in names if (task := self._tasks.get(name)) is not None]
            for task in tasks:
                if task.wanted:
                    self._never(task)
            left = [task for task in tasks if not task.wanted]
            if not left:
                return None
            launches = {task.name: task.launch for task in left if task.launch is not None}
            record, text = self._plan.made([task.name for task in left], launches)
            self._records.write(record, text)
            self._tasks.belong(record)
            return record

    def _still_wanted(self, record: WorkflowSubmission) -> WorkflowSubmission | None:
        """The record to submit: without the tasks that were stopped meanwhile."""
        tasks = self._tasks.of(record)
        stopped = [task for task in tasks if task.wanted]
        if not stopped and tasks:
            return record
        if any(task.launch is None for task in tasks) and len(stopped) < len(tasks):
            return record  # nobody here knows the commands of the others
        self._records.discard(record)
        return self._written(record.names)

    def _never(self, task: FollowedTask) -> None:
        why = "stopped before OSMO had it"
        self._tasks.end(task, Ended(*task.name, None, None, self._clock(), detail=why))

    def _refuse(self, record: WorkflowSubmission, why: str) -> None:
        self._records.discard(record)
        now = self._clock()
        for task in self._tasks.of(record):
            detail = f"OSMO refused the workflow: {why}"
            self._tasks.end(task, Ended(*task.name, None, None, now, refused=True, detail=detail))

    # -- waiting -----------------------------------------------------------------------------------

    def _while_held(self, names: Sequence[Name]) -> None:
        while self.held:
            tasks = [task for name in names if (task := self._tasks.get(name)) is not None]
            if not tasks or all(task.wanted for task in tasks):
                return
            for task in tasks:
                self._tasks.waits(task, "Held")
            if self._rest(_SHORT):
                raise Closing

    def _wait(self, record: WorkflowSubmission, why: str, pause: float) -> None:
        """Waits; not to its end if all tasks are to stop, and OSMO does not have them."""
        tasks = self._tasks.of(record)
        for task in tasks:
            self._tasks.waits(task, why)
        while pause > 0:
            if self._rest(min(pause, _SHORT)):
                raise Closing
            pause -= _SHORT
            if record.asked is None and all(task.wanted for task in tasks):
                return
