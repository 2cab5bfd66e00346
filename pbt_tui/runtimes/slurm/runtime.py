"""The `slurm` runtime: attempts as tasks of SLURM arrays, which outlive us and the host we are on.

Must not read what SLURM says or judge an end: it puts together those who do. Nothing here waits for
SLURM but `prepare` and `survey`, which come before anything is followed.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.errors import RuntimeUnavailable, Where
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
"""Seconds in which the stops of a batch come together, for one call."""
_SETTING = re.compile(r"^(\w+)\s*= (.*)$", re.M)


def create(context: RunContext, progress: Callable[[str], None]) -> SlurmRuntime:
    """The runtime of one run directory; nothing takes its time, so `progress` hears nothing."""
    return SlurmRuntime(
        context.rundir,
        submit_order(context),
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

    `cluster_before` names the cluster of the last executor, where it left attempts active: what is
    there is `unknown` in any other. `engine_id` is the name of this one, after `prepare`.
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

    # -- the verbs ---------------------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        lacking = client.lacking(self._environ)
        if lacking:
            raise RuntimeUnavailable(
                f"no `{lacking}` on the path",
                hint="start it on a login node of the cluster, or load its SLURM module first",
            )
        try:
            text = client.ask(["scontrol", "show", "config"], self._for_us)
        except (EngineUnavailable, EngineError) as error:
            raise RuntimeUnavailable(
                f"SLURM does not answer: {error}",
                hint="try `sinfo`; once that answers, start this again: nothing was changed",
            ) from error
        found = dict(_SETTING.findall(text))
        self.engine_id = found.get("ClusterName", "").strip()
        limits = [_number(found.get(name)) for name in ("MaxArraySize", "MaxJobCount")]
        self._submitter.most = min(n for n in (*limits, self._order.settings.max_array) if n)
        for folder in (self._dir.attempts, self._dir.logs, self._dir.slurm, self._order.output):
            self._make(folder)
        self._pool.thread(self._poller.files)
        self._pool.thread(self._poller.queue)

    def launch(self, batch: Sequence[Launch]) -> None:
        tasks = [self._tasks.track(Task(one.job, one.attempt, one)) for one in batch]
        names = [task.name for task in tasks if task is not None]
        if names:
            self._pool.start(self._submitter.launch, names)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Sent by a thread, and again until it is heard; what SLURM has not got yet never goes.

        Gently and at once are the same: `scancel` sends TERM, and KILL after the `KillWait` of the
        site. A KILL of ours would meet the shell alone, and leave what it started.
        """
        task = self._tasks.get((job, attempt))
        if task is not None:
            task.wanted = True
            self._cancel([task])
        return True

    def forget(self, job: str, attempt: int) -> None:
        """Nothing is left of a task but its files, and those are kept."""

    def hold(self, held: bool) -> None:
        """What waits in SLURM's queue is held there, too: it is a start that has not come yet."""
        self._submitter.held = held
        arrays = self._tasks.arrays()
        if arrays:
            self._pool.run_now(self._hold, arrays, held)

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        if not attempts:
            return []
        before = self._cluster_before
        if before and before != self.engine_id:
            where = f"they are in cluster `{before}`, and this is `{self.engine_id}`"
            return [Seen("unknown", detail=where) for _ in attempts]
        wanted = {(job, attempt) for job, attempt, _ in attempts}
        try:
            ids = self._known(wanted)
        except EngineUnavailable as error:
            return [Seen("unknown", detail=f"SLURM does not answer: {error}") for _ in attempts]
        seen = [self._see(*one, ids.get(one[:2], "")) for one in attempts]
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
        """SLURM's ids of what a follower before us handed over, also where it could not say."""
        found: dict[Name, str] = {}
        for record in self._records.all():
            if wanted.isdisjoint(record.tasks):
                continue
            known: ArraySubmission | None = self._submitter.known(record)
            if known is not None:
                found |= known.ids
        return found

    def _see(self, job: str, attempt: int, handle: str | None, submitted: str) -> Seen:
        """One line of a survey; what is not over for certain is followed, and tells itself."""
        try:
            file = task_files.read(self._dir.claim(job, attempt))
        except OSError as error:
            return Seen("unknown", handle, detail=f"its file: {(error.strerror or '').lower()}")
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
        task.told = file.restart
        return Seen("alive", task.id, file.node, restart=file.restart or None)

    def _submitted(self, tasks: Sequence[Task]) -> None:
        self._poller.hurry()
        self._cancel(task for task in tasks if task.wanted)

    def _news(self) -> None:
        """For the loop; and what runs is looked at more often than what waits."""
        self._pool.wake()
        self._poller.stir()

    def _hurry(self) -> None:
        self._poller.hurry()

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise RuntimeUnavailable(
                f"cannot be written: {(error.strerror or str(error)).lower()}",
                where=Where(file=str(folder)),
                hint="SLURM itself writes there, on whichever node a job starts",
            ) from error

    # -- in threads --------------------------------------------------------------------------------

    def _cancel(self, tasks: Iterable[Task]) -> None:
        """Those of a batch go with one call."""
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
            with suppress(EngineError):  # some of them have ended
                client.ask(["scancel", *ids], self._for_us)
        except EngineUnavailable:
            return  # `unheard` finds them at the next look that has an answer
        for task in tasks:
            task.asked_at = time.monotonic()
        self._poller.hurry()

    def _hold(self, arrays: Sequence[str], held: bool) -> None:
        verb = "hold" if held else "release"
        with suppress(
            EngineUnavailable, EngineError
        ):  # those that run cannot be held: the queue shows who is
            client.ask(["scontrol", verb, ",".join(arrays)], self._for_us)
        self._poller.hurry()


def _number(text: str | None) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isdecimal() else 0
