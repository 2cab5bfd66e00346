"""The `slurm` runtime: attempts as tasks of SLURM arrays, which outlive the executor and its host.

It connects submitter, poller and tracker. Only `prepare` and `survey` wait for SLURM; every other
call to it runs in a worker thread.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.backends.slurm import environment
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.errors import RuntimeUnavailable, Where, printable
from pbt_tui.files import folders
from pbt_tui.files.permissions import refuse_link
from pbt_tui.files.writing import mark
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.protocol import Fact, Launch, Seen
from pbt_tui.runtimes.slurm import client, squeue, task_files
from pbt_tui.runtimes.slurm.poller import Poller
from pbt_tui.runtimes.slurm.submissions import ArraySubmission, Name, Submissions
from pbt_tui.runtimes.slurm.submitter import SubmitOrder, Submitter
from pbt_tui.runtimes.slurm.tracker import Task, TaskTracker
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Job

_GATHER = 0.05
"""Seconds for which stops are collected, to cancel them with one call."""
NO_CLUSTER = "this machine has the programs of SLURM, but is of no cluster"
_LOGIN = "start it on a login node of the cluster, or load its SLURM module first"
_SETTING = re.compile(r"^(\w+)\s*= (.*)$", re.M)


def create(context: RunContext, progress: Callable[[str], None]) -> SlurmRuntime:
    """Creates the runtime of one run directory; `progress` gets the variables that are dropped."""
    order = submit_order(context)
    for line in environment.messages(context.environ, order.settings):
        progress(line)
    return SlurmRuntime(
        context.rundir,
        order,
        run_id=context.run_id,
        environ=context.environ,
        cluster_before=context.engine_before,
    )


def submit_order(context: RunContext) -> SubmitOrder:
    """What all arrays of the run have in common."""
    settings = context.settings
    assert isinstance(settings, Slurm)
    spec = msgspec.structs.replace(
        context.state.spec, train_dir=str(context.train_dir), container=context.container
    )
    rundir = context.rundir.path
    own = context.cwd / settings.workdir if settings.workdir else rundir
    return SubmitOrder(spec, settings, context.cwd, rundir, own / "slurm")


class SlurmRuntime:
    """Submits, follows and cancels the attempts of one run directory.

    After `prepare`, `engine_id` is the name of the cluster.

    Args:
        rundir: the run directory.
        order: what all arrays have in common.
        run_id: id of the run.
        environ: environment for SLURM's programs and for jobs.
        cluster_before: cluster of the last executor if it left attempts active: on any other
            cluster they are `unknown`.
    """

    name = "slurm"
    image_digest: str | None = None

    def __init__(
        self,
        rundir: RunDir,
        order: SubmitOrder,
        *,
        run_id: str,
        environ: Mapping[str, str],
        cluster_before: str | None = None,
    ) -> None:
        self.engine_id = ""
        self._dir = rundir
        self._order = order
        self._environ = dict(environ)
        self._for_us = client.for_us(environ)
        self._cluster_before = cluster_before
        self._pool = WorkerPool()
        self._tasks = TaskTracker(rundir, order.output, wake=self._news, hurry=self._hurry)
        self._poller = Poller(
            self._tasks,
            order.settings,
            environ,
            rundir.queue,
            self._pool.closing,
            again=self._cancel,
        )
        self._records = Submissions(order.scripts, run_id)
        self._submitter = Submitter(
            order,
            self._records,
            self._tasks,
            self._pool,
            environ,
            submitted=self._submitted,
        )
        self._to_cancel: dict[Name, Task] = {}
        self._gathering = threading.Lock()

    # -- methods of a runtime ----------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        lacking = client.lacking(self._environ)
        if lacking:
            raise RuntimeUnavailable(
                f"no `{lacking}` on the path",
                hint=_LOGIN,
            )
        conf = self._environ.get("SLURM_CONF")
        if conf and not Path(conf).exists():
            hint = f"`SLURM_CONF` names a file that does not exist: `{printable(conf)}`"
            raise RuntimeUnavailable(NO_CLUSTER, hint=hint)
        try:
            text = client.ask(["scontrol", "show", "config"], self._for_us)
        except (EngineUnavailable, EngineError) as error:
            if client.is_of_no_cluster(str(error)):
                raise RuntimeUnavailable(NO_CLUSTER, hint=_LOGIN) from error
            raise RuntimeUnavailable(
                f"SLURM does not answer: {error}",
                hint="try `sinfo`; once that answers, start this again: nothing was changed",
            ) from error
        found = dict(_SETTING.findall(text))
        self.engine_id = found.get("ClusterName", "").strip()
        limits = [_number(found.get(name)) for name in ("MaxArraySize", "MaxJobCount")]
        self._submitter.most = min(n for n in (*limits, self._order.settings.max_array) if n)
        self._submitter.limits.private = "jobs" in found.get("PrivateData", "")
        for folder in (self._dir.attempts, self._dir.logs, self._dir.slurm, self._order.output):
            self._make(folder)
        self._pool.thread(self._poller.files)
        self._pool.thread(self._poller.queue)

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:  # the shell of a task opens its log, and would follow a link
            refuse_link(launch.log)
        tasks = [self._tasks.track(Task(a.job, a.attempt, a)) for a in batch]
        names = [task.name for task in tasks if task is not None]
        if names:
            self._pool.start(self._submitter.launch, names)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Calls `scancel` in a thread until the task has ended; does not submit a stopped attempt.

        Stop and kill are the same: `scancel` sends SIGTERM, and SIGKILL after the `KillWait` of the
        cluster. A SIGKILL of our own would reach only the shell, and leave its children.
        """
        task = self._tasks.get((job, attempt))
        if task is not None:
            if not task.wanted:
                self._tasks.read(task)
                over = task.file is not None and task.file.over
                task.unmarked = not claims.mark_stop(self._dir.stop_mark(job, attempt)) and not over
            task.wanted = True
            self._cancel([task])
        return True

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing: the files of a task are kept."""

    def hold(self, held: bool) -> None:
        """Holds or releases the tasks in SLURM's queue, which have not started yet."""
        self._submitter.held = held
        arrays = self._tasks.arrays()
        if arrays:
            self._pool.run_now(self._hold, arrays, held)

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        if not attempts:
            return []
        before = self._cluster_before
        if before and before != self.engine_id:
            where = f"submitted to cluster `{before}`, and this is `{self.engine_id}`"
            return [Seen("unknown", detail=where) for _ in attempts]
        wanted = {(job, attempt) for job, attempt, _ in attempts}
        try:
            ids = self._known(wanted)
        except EngineUnavailable as error:
            silent = f"submitted to SLURM, which does not answer: {error}"
            return [Seen("unknown", detail=silent) for _ in attempts]
        seen = [self._see(*attempt, ids.get(attempt[:2], "")) for attempt in attempts]
        self._hurry()
        return seen

    def forfeit(self, job: str, attempt: int) -> bool:
        task = self._tasks.get((job, attempt)) or Task(job, attempt)
        if self._tasks.give_up(task):
            self._tasks.drop(task)
            return True
        self._tasks.track(task)
        self._hurry()
        return False

    def fileno(self) -> int:
        return self._pool.fileno()

    def next_wake(self) -> float | None:
        return None

    def facts(self) -> list[Fact]:
        self._pool.check()
        return self._tasks.facts()

    def close(self) -> None:
        self._pool.finish()
        self._poller.stir()
        self._pool.close()

    # -- what is there -----------------------------------------------------------------------------

    def _known(self, wanted: set[Name]) -> dict[Name, str]:
        """SLURM's ids of what earlier executors submitted, also if they could not record an id."""
        ids: dict[Name, str] = {}
        for record in self._records.all():
            if wanted.isdisjoint(record.tasks):
                continue
            known: ArraySubmission | None = self._submitter.known(record)
            if known is not None:
                ids |= known.ids
        return ids

    def _see(self, job: str, attempt: int, handle: str | None, submitted: str) -> Seen:
        """The state of one attempt, for `survey`; follows the task if it may still be active."""
        try:
            file = task_files.read(self._dir.claim(job, attempt))
        except OSError as error:
            return Seen("unknown", handle, detail=claims.unreadable(error))
        if file is not None and file.given_up:
            return Seen("gone" if handle else "forfeited", handle)
        if file is not None and file.refused is not None and file.holder is None:
            ended = claims.ended(job, attempt, file.claim, time.time())
            return Seen("ended", ended=ended)
        task = Task(job, attempt, id=(file and file.holder) or submitted or handle or "")
        if not task.id:
            return Seen("never" if file is None else "gone")
        self._tasks.track(task)
        if file is None or file.restart is None:
            return Seen("queued" if handle is None else "alive", handle)
        task.told, task.source = file.restart, file.source
        restart = file.restart or None
        return Seen("alive", task.id, file.node, restart=restart, source=file.source)

    def _submitted(self, tasks: Sequence[Task]) -> None:
        self._poller.hurry()
        self._cancel(task for task in tasks if task.wanted)

    def _news(self) -> None:
        """Wakes the loop, and the poller: it polls more often once a task runs."""
        self._pool.wake()
        self._poller.stir()

    def _hurry(self) -> None:
        self._poller.hurry()

    def _make(self, folder: Path) -> None:
        try:
            if folder.parent != self._dir.path:
                folders.make_all(folder)
            elif folder != self._dir.attempts:  # the executor makes it, or it has to come back
                folders.make(folder)  # but not the run directory: it may have been moved away
            probe = folder / ".probe"
            mark(probe)
            folders.remove(probe)
        except OSError as error:
            raise RuntimeUnavailable(
                f"cannot be written: {(error.strerror or str(error)).lower()}",
                where=Where(file=str(folder)),
                hint="SLURM itself writes there, on whichever node a job starts",
            ) from error

    # -- in threads --------------------------------------------------------------------------------

    def _cancel(self, tasks: Iterable[Task]) -> None:
        """Collects tasks to cancel, so that one call cancels a whole batch."""
        with self._gathering:
            first = not self._to_cancel
            self._to_cancel |= {task.name: task for task in tasks if task.id}
            if first and self._to_cancel:
                self._pool.run_now(self._cancel_gathered)

    def _cancel_gathered(self) -> None:
        time.sleep(_GATHER)
        with self._gathering:
            tasks, self._to_cancel = list(self._to_cancel.values()), {}
        ids = squeue.together(task.id for task in tasks)
        try:
            with suppress(EngineError):  # some of them may have ended
                client.ask(["scancel", *ids], self._for_us)
        except EngineUnavailable:
            return  # `unheard` returns them after the next answer of SLURM
        for task in tasks:
            task.asked_at = time.monotonic()
        self._poller.hurry()

    def _hold(self, arrays: Sequence[str], held: bool) -> None:
        verb = "hold" if held else "release"
        # SLURM cannot hold running tasks, and reports an error for them.
        with suppress(EngineUnavailable, EngineError):
            client.ask(["scontrol", verb, ",".join(arrays)], self._for_us)
        self._poller.hurry()


def _number(text: str | None) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isdecimal() else 0
