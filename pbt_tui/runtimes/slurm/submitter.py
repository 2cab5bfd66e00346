"""Submits attempts to SLURM as arrays, each array once, also if an executor dies in between.

The record of an array is on disk before `sbatch` is called (`submit_once`). Runs in threads of the
worker pool. Once an array has its id, `tracker` and `poller` follow it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from pbt_tui.backends.slurm import render as backend
from pbt_tui.backends.slurm.environment import for_jobs
from pbt_tui.backends.slurm.error_hints import cure
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.sbatch import ResourceShape, job_name, run_name
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.going_on import of_launch
from pbt_tui.runtimes.protocol import Ended, Launch, Queued
from pbt_tui.runtimes.slurm import client, queue_limits
from pbt_tui.runtimes.slurm.array_lookup import Answer, ArrayLookup
from pbt_tui.runtimes.slurm.client import QueueFull
from pbt_tui.runtimes.slurm.poller import RARELY
from pbt_tui.runtimes.slurm.submissions import ArraySubmission, Files, Name, Submissions, printed_id
from pbt_tui.runtimes.slurm.tracker import Task, TaskTracker
from pbt_tui.runtimes.submit_once import SubmitOnce
from pbt_tui.runtimes.worker_pool import Closing, WorkerPool
from pbt_tui.spec import Job, Processes

MORE = 5.0
"""Seconds beyond the time limit of `sbatch` to wait for one that a dead executor left behind."""
_SHOWN = 40
"""Words of the output of `sbatch` that a message repeats."""


@dataclass(frozen=True, slots=True)
class SubmitOrder:
    """What all arrays of a run have in common. Paths are absolute."""

    spec: Processes
    """The jobs."""
    settings: Slurm
    """Settings of the SLURM backend."""
    cwd: Path
    """Folder in which the jobs start."""
    rundir: Path
    """The run directory."""
    output: Path
    """Folder of slurmstepd's messages."""

    @property
    def scripts(self) -> Path:
        """Folder of records, scripts and manifests."""
        return self.rundir / "slurm"

    def chunks(
        self, tasks: Sequence[Name], most: int
    ) -> Iterator[tuple[ResourceShape, list[Name]]]:
        """Tasks for one array each: of one resource shape, in order, at most `most`."""
        numbers = dict(tasks)
        jobs = tuple(job for job in self.spec.jobs if job.id in numbers)
        some = msgspec.structs.replace(self.spec, jobs=jobs)
        size = max(min(most, self.settings.max_array), 1)
        for shape in backend.shapes(some, self.settings):
            names = [(job.id, numbers[job.id]) for job in shape.jobs]
            for first in range(0, len(names), size):
                yield shape, names[first : first + size]

    def files(
        self, shape: ResourceShape, tasks: Sequence[Name], launches: Mapping[Name, Launch]
    ) -> Files:
        """Manifest and batch script of one array; commands and variables are those of `launches`.

        An attempt that continues has other ones than its job.
        """
        jobs = {job.id: job for job in shape.jobs}
        going_on = {}
        for job, attempt in tasks:
            launch = launches.get((job, attempt))
            again = of_launch(launch) if launch is not None else None
            if launch is not None and again is not None:  # it has the arguments of the attempt
                going_on[job] = again
                launch = replace(launch, argv=launch.spec.argv)
            jobs[job] = _own(jobs[job], launch)
        lines = backend.manifest(((jobs[job], attempt) for job, attempt in tasks), going_on)
        name = backend.manifest_name(lines)
        text = backend.script(
            self.spec,
            self.settings,
            shape,
            manifest=name,
            offset=0,
            count=len(tasks),
            goes_on=bool(going_on),
        )
        return Files(name, lines, text)

    def argv(self, record: ArraySubmission, *, held: bool = False) -> list[str]:
        """The `sbatch` command. It repeats options of the script, because the command line has
        precedence over environment and script.
        """
        return [
            "sbatch",
            "--parsable",
            *(["--hold"] if held else []),
            f"--job-name={self.name(record)}",
            f"--comment={record.key}",
            f"--chdir={self.cwd}",
            f"--output={str(self.output).replace('%', '%%')}/%A_%a.out",
            str(self.scripts / record.script),
            str(self.scripts),
            str(self.rundir),
            str(self.cwd),
        ]

    def name(self, record: ArraySubmission) -> str:
        """Name of the array in SLURM: the run, for people, and the key, to find it again."""
        return f"{job_name(run_name(self.spec))[:80]}.{record.key}"


class Submitter:
    """Submits the arrays of one run.

    `most` is the largest number of tasks in one array: the runtime sets it to the limit of the
    cluster. With `held`, arrays are submitted on hold. `limits` tells whether limits may pass.
    """

    def __init__(
        self,
        order: SubmitOrder,
        records: Submissions,
        tasks: TaskTracker,
        pool: WorkerPool,
        environ: Mapping[str, str],
        *,
        submitted: Callable[[Sequence[Task]], None],
    ) -> None:
        self.most = order.settings.max_array
        self.held = False
        self._order = order
        self._records = records
        self._tasks = tasks
        self._pool = pool
        self._for_jobs = for_jobs(environ)
        self._lookup = ArrayLookup(client.for_us(environ))
        self.limits = queue_limits.QueueLimits(client.for_us(environ))
        self._submitted = submitted
        self._once = SubmitOnce(look_up=self._find, ask=self._sbatch, save=records.save)

    def launch(self, names: Sequence[Name]) -> None:
        """In a thread: submits attempts, and returns once SLURM has accepted or refused each."""
        for shape, chunk in self._order.chunks(names, self.most):
            self._hand_over(shape, chunk)

    def known(self, record: ArraySubmission) -> ArraySubmission | None:
        """A record of an earlier executor with its id; None if SLURM never accepted the array.

        Raises:
            EngineUnavailable: if SLURM does not answer.
        """
        found = record if record.id is not None else self._once.find(record)
        if found is None:
            self._records.discard(record)
        return found

    def _find(self, record: ArraySubmission) -> ArraySubmission | None:
        """Finds an array by the output of `sbatch`, its key in the queue, or attempt files."""
        out = self._records.out(record)
        until = time.monotonic() + self._order.settings.sbatch_timeout + MORE
        while client.still_written(out) and time.monotonic() < until:
            time.sleep(0.05)
        text = read_regular(out, TEXT_BYTES).decode("utf-8", "replace") if out.exists() else ""
        answer = self._confirmed(record, text) or self._claimed(record)
        return _with_id(record, answer) if answer is not None else None

    def _confirmed(self, record: ArraySubmission, text: str) -> Answer | None:
        """The array that SLURM has under the key; `text` is the output of `sbatch`."""
        return self._lookup.confirmed(self._order.name(record), printed_id(text))

    def _claimed(self, record: ArraySubmission) -> tuple[str, None] | None:
        """The array id in an attempt file: a task may have run so long ago that SLURM forgot it."""
        for name in record.tasks:
            task = Task(*name)
            self._tasks.read(task)
            if task.id:
                return task.id.partition("_")[0], None
        return None

    # -- one array ---------------------------------------------------------------------------------

    def _hand_over(self, shape: ResourceShape, names: Sequence[Name]) -> None:
        """Submits attempts as one array, or as several where a limit is below their number."""
        size, pause, was_alone = len(names), 0.0, False
        record: ArraySubmission | None = None
        while names:
            left: list[Task] = []
            try:
                found = self._once.find(record) if record is not None else None
                if found is None:
                    left = self._still_wanted(names)
                    names = [task.name for task in left]
                    record = self._written(record, shape, names[:size])
                    if record is None:
                        return
                    found = self._submit(record)
            except QueueFull as error:
                limit = queue_limits.whose(str(error))
                if limit is not None and (asked := len(names[:size])) > 1:
                    size = asked // 2
                    continue
                if limit is not None and not self._may_pass(limit):
                    if was_alone:
                        self._refuse(record, left, str(error))
                        return
                    was_alone = True  # what counted before may have ended only now
                    continue
                was_alone = False
                waits = f"SLURM takes no more jobs now: {error}"
            except EngineUnavailable as error:
                waits = f"SLURM does not answer: {error}"
            except EngineError as error:
                self._refuse(record, left, error.words)
                return
            else:
                self._in_queue(found)
                names = [name for name in names if name not in found.ids]
                size, pause, record, was_alone = size * 2, 0.0, None, False
                continue
            pause = min(max(pause * 2, self._order.settings.poll), RARELY)
            for task in left:
                if task.file is None:  # else SLURM has it, and it has started
                    self._tasks.say(Queued(*task.name, waits))
            self._rest(pause, left)

    def _submit(self, record: ArraySubmission) -> ArraySubmission:
        """Submits an array; looks its key up before an error counts as a refusal."""
        try:
            return self._once.submit(record)
        except (QueueFull, EngineError):
            found = self._once.find(record)
            if found is None:
                raise
            return found

    def _may_pass(self, limit: queue_limits.Whose) -> bool:
        """Whether a limit may pass; as long as SLURM does not answer, it may."""
        try:
            return self.limits.may_pass(limit)
        except EngineUnavailable:
            return True

    def _written(
        self, record: ArraySubmission | None, shape: ResourceShape, names: Sequence[Name]
    ) -> ArraySubmission | None:
        """The record of exactly these tasks, with its files; None if there are none."""
        if record is not None and list(record.tasks) == list(names):
            return record
        if record is not None:
            self._records.discard(record)
        if not names:
            return None
        tasks = [self._tasks.get(name) for name in names]
        launches = {task.name: task.launch for task in tasks if task and task.launch}
        return self._records.write(names, self._order.files(shape, names, launches))

    def _refuse(self, record: ArraySubmission | None, tasks: Sequence[Task], why: str) -> None:
        """Reports the tasks of an array as refused."""
        if record is not None:
            self._records.discard(record)
        advice = cure(why)
        why = f"SLURM: {why}" + (f"; {advice}" if advice else "")
        for task in tasks:
            if self._tasks.give_up(task, f"refused {why}"):
                self._tasks.read(task)
            now = time.time()
            self._tasks.end(task, Ended(*task.name, None, None, now, refused=True, detail=why))

    def _sbatch(self, record: ArraySubmission) -> ArraySubmission:
        text = client.submit(
            self._order.argv(record, held=self.held),
            self._for_jobs,
            self._order.cwd,
            self._records.out(record),
            self._order.settings.sbatch_timeout,
        )
        answer = self._confirmed(record, text)
        if answer is None:
            printed = " ".join(client.words(text).split()[-_SHOWN:])
            why = f"it has no job of this submission; `sbatch` printed: `{printed}`"
            raise EngineError(0, why)
        return _with_id(record, answer)

    def _in_queue(self, record: ArraySubmission) -> None:
        ids = record.ids
        tasks = [task for name in ids if (task := self._tasks.get(name)) is not None]
        with self._tasks.lock:
            for task in tasks:
                task.id = task.id or ids[task.name]
        self._submitted(tasks)

    def _still_wanted(self, names: Sequence[Name]) -> list[Task]:
        """The tasks to submit; claims and ends those that the executor has stopped meanwhile."""
        wanted = []
        for name in names:
            task = self._tasks.get(name)
            if task is not None and task.wanted:
                why = "stopped before SLURM had it"
                self._tasks.end(task, Ended(*name, None, None, time.time(), detail=why))
            elif task is not None:
                wanted.append(task)
        return wanted

    def _rest(self, pause: float, tasks: Sequence[Task]) -> None:
        """Waits `pause` seconds, or until the executor stops one of the tasks."""
        until = time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            if self._pool.closing.wait(min(left, 0.2)):
                raise Closing
            if any(task.wanted for task in tasks):
                return


def _own(job: Job, launch: Launch | None) -> Job:
    """The job with the command and the variables of one attempt."""
    if launch is None or (launch.argv == job.argv and launch.env == job.env):
        return job
    return msgspec.structs.replace(job, argv=launch.argv, env=dict(launch.env))


def _with_id(record: ArraySubmission, answer: Answer) -> ArraySubmission:
    return msgspec.structs.replace(record, id=answer[0], cluster=answer[1])
