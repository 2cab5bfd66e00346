"""The `osmo` runtime: attempts as tasks of OSMO's workflows, which outlive the executor.

It connects submitter, poller and tracker. Only `prepare` waits for the service; every other call to
it runs in a worker thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from pbt_tui.backends.osmo import lead
from pbt_tui.backends.osmo.osmo_index import Osmo
from pbt_tui.errors import RuntimeUnavailable, Where
from pbt_tui.files import folders
from pbt_tui.files.faults import reason
from pbt_tui.files.permissions import refuse_link
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.task_tracker import FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.osmo.workflow_poller import WorkflowPoller
from pbt_tui.runtimes.osmo.workflow_records import Name, WorkflowRecords, WorkflowSubmission
from pbt_tui.runtimes.osmo.workflow_service import (
    NotLoggedIn,
    ServiceBusy,
    WorkflowGone,
    WorkflowService,
)
from pbt_tui.runtimes.osmo.workflow_submitter import WorkflowSubmitter
from pbt_tui.runtimes.protocol import Fact, Launch, Seen
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Job

FOLDER = "osmo"
"""Folder of the records in the run directory."""


def create(context: RunContext, progress: Callable[[str], None]) -> OsmoRuntime:
    """Creates the runtime of one run directory. Raises `RuntimeUnavailable`."""
    plan = workflow_plan(context)
    service = service_of(plan.settings, context.environ)
    return OsmoRuntime(context.rundir, plan, service, tell=progress)


def workflow_plan(context: RunContext) -> WorkflowPlan:
    """What all workflows of the run have in common."""
    settings = context.settings
    assert isinstance(settings, Osmo)
    spec = msgspec.structs.replace(
        context.state.spec, container=context.container, policy=context.policy
    )
    return WorkflowPlan(spec, settings, context.run_id)


def service_of(settings: Osmo, environ: Mapping[str, str]) -> WorkflowService:
    """The service, by HTTP if its address is set, else by NVIDIA's client."""
    if settings.url is None:
        from pbt_tui.runtimes.osmo.client import OsmoClient

        return OsmoClient(settings.pool, settings.priority, environ)
    from pbt_tui.runtimes.osmo.rest import OsmoRest

    return OsmoRest(settings.url, settings.pool, settings.priority, settings.token_env, environ)


class OsmoRuntime:
    """Submits, follows and cancels the attempts of one run directory.

    Args:
        rundir: The run directory.
        plan: What all workflows have in common.
        service: The service.
        tell: Gets lines for people.
    """

    name = "osmo"
    engine_id = ""
    image_digest: str | None = None

    def __init__(
        self,
        rundir: RunDir,
        plan: WorkflowPlan,
        service: WorkflowService,
        *,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._dir = rundir
        self._plan = plan
        self._service = service
        self._tell = tell
        self._pool = WorkerPool()
        spec, settings = plan.spec, plan.settings
        folder = lead.marks_folder(spec.train_dir, spec.run, settings.workdir)
        marks = SharedMarks(folder, settings.reschedule)
        self._tasks = OsmoTasks(marks, wake=self._pool.wake)
        self._records = WorkflowRecords(rundir.path / FOLDER)
        self._poller = WorkflowPoller(
            service, self._tasks, self._records, settings, rundir, self._pool
        )
        self._submitter = WorkflowSubmitter(
            plan,
            self._records,
            self._tasks,
            self._pool,
            service,
            submitted=self._submitted,
            doubled=self._doubled,
        )
        self._by_name: dict[str, WorkflowSubmission] = {}

    # -- methods of a runtime ----------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        try:
            for folder in (self._dir.attempts, self._dir.logs, self._records.folder):
                if not folder.exists():
                    folders.make(folder)
        except OSError as error:
            raise RuntimeUnavailable(
                f"cannot be written: {reason(error)}", where=Where(file=str(self._dir.path))
            ) from error
        again = "once `osmo workflow list` answers, start this again: nothing was changed"
        try:
            self._service.find("pbt-0")
        except NotLoggedIn as error:
            raise RuntimeUnavailable(
                f"OSMO refused the login: {error}", hint=self._login()
            ) from error
        except (EngineUnavailable, EngineError, WorkflowGone, ServiceBusy) as error:
            raise RuntimeUnavailable(f"OSMO does not answer: {error}", hint=again) from error
        self._pool.thread(self._poller.run)

    def launch(self, batch: Sequence[Launch]) -> None:
        names: list[Name] = []
        for launch in batch:
            refuse_link(launch.log)
            task = FollowedTask(launch.job, launch.attempt, launch)
            if self._tasks.track(task) is not None:
                names.append(task.name)
        for piece in self._plan.pieces(names) if names else ():
            self._pool.start(self._submitter.launch, piece)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Marks a task. OSMO cancels whole workflows: that happens once all tasks are marked."""
        task = self._tasks.get((job, attempt))
        if task is not None:
            claims.mark_stop(self._dir.stop_mark(job, attempt))
            task.wanted, task.force = True, task.force or kill
            record = self._by_name.get(task.workflow)
            if record is not None:
                self._pool.run_now(self._poller.cancel_unwanted, record)
            self._poller.stir()
        return True

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing: the records of a workflow are kept."""

    def hold(self, held: bool) -> None:
        """Keeps attempts from being submitted; OSMO cannot hold what it has."""
        self._submitter.held = held

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Follows what earlier executors have recorded; the poller finds out what became of it."""
        wanted = {(job, attempt): handle for job, attempt, handle in attempts}
        known: dict[Name, WorkflowSubmission] = {}
        for record in self._records.all() if attempts else ():
            mine = [name for name in record.names if name in wanted]
            if not mine:
                continue
            known.update(dict.fromkeys(mine, record))
            for name in mine:
                self._tasks.track(FollowedTask(*name))
            self._tasks.belong(record)
            if record.id is None:
                self._pool.start(self._submitter.carry_on, record)
            else:
                self._submitted(record)
        return [self._see(job, attempt, handle, known) for job, attempt, handle in attempts]

    def _see(
        self, job: str, attempt: int, handle: str | None, known: Mapping[Name, WorkflowSubmission]
    ) -> Seen:
        if (job, attempt) in known:
            return Seen("queued" if handle is None else "alive", handle)
        if handle is not None:
            return Seen("gone", handle, detail="its record in the folder `osmo` is gone")
        try:
            claim = claims.read(self._dir.claim(job, attempt))
        except OSError as error:
            return Seen("unknown", handle, detail=claims.unreadable(error))
        return Seen("forfeited" if claim is not None and claim.given_up else "never")

    def forfeit(self, job: str, attempt: int) -> bool:
        with self._tasks.lock:
            task = self._tasks.get((job, attempt))
            if task is not None and task.workflow:
                return False  # OSMO may have it
            try:
                claims.take(self._dir.claim(job, attempt), claims.GIVEN_UP)
            except OSError:
                return False
            if task is not None:
                self._tasks.drop(task)
            return True

    def fileno(self) -> int:
        return self._pool.fileno()

    def next_wake(self) -> float | None:
        return None

    def facts(self) -> list[Fact]:
        self._pool.check()
        return self._tasks.facts()

    def close(self) -> None:
        self._pool.closing.set()
        self._poller.stir()
        self._pool.finish()
        self._pool.close()

    # -- what threads report -----------------------------------------------------------------------

    def _submitted(self, record: WorkflowSubmission) -> None:
        self._by_name[record.name] = record
        self._poller.follow(record)
        if any(task.wanted for task in self._tasks.of(record)):
            self._poller.cancel_unwanted(record)

    def _doubled(self, name: str, ids: Sequence[str]) -> None:
        more = " ".join(ids[1:])
        message = f"OSMO has {name} {len(ids)} times: `{ids[0]}` is followed, "
        message += f"`osmo workflow cancel {more}` ends the rest"
        self._poller.double = message
        self._tell(message)

    def _login(self) -> str:
        if self._plan.settings.url is None:
            return "`osmo login`, then start this again: nothing was changed"
        return f"set a token in `{self._plan.settings.token_env}`; nothing was changed"
