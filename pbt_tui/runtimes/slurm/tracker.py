"""Follows the SLURM tasks of a run: turns their attempt files and the queue into facts.

Several threads call it; each end becomes one fact. Starts and ends come from the attempt file of
the task. The queue adds why tasks wait, and which ended without writing their file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import printable
from pbt_tui.files import folders
from pbt_tui.files.regular import read_head
from pbt_tui.journal.events import Source
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.queue_status import QueueStatus, key
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.followed_tasks import FollowedTasks
from pbt_tui.runtimes.protocol import Ended, Launch, Queued, Started
from pbt_tui.runtimes.slurm import task_files
from pbt_tui.runtimes.slurm.exit_status import ended, heard
from pbt_tui.runtimes.slurm.kind import SUSPENDED
from pbt_tui.runtimes.slurm.squeue import SqueueRow, array_of, line_of
from pbt_tui.runtimes.slurm.task_files import TaskFile

Name = tuple[str, int]

MOMENT = 0.5
"""Seconds to wait after an exit code: slurmstepd's message may not be on the disk yet."""
AT_MOST = 10.0
"""Seconds to wait after an end by a signal until SLURM reports whether it sent the signal."""
LOOKS = 4
"""Polls of the queue before an ended task counts as one without an exit code: on some file systems,
a file appears a minute late."""
_SAID = 1 << 20


@dataclass(slots=True, eq=False)
class Task:
    """An attempt as a task of an array."""

    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    launch: Launch | None = None
    """How it is started; None if another executor submitted it."""
    id: str = ""
    """SLURM's id of the task; empty until it is known."""
    wanted: bool = False
    """Whether the executor wants it to stop."""
    unmarked: bool = False
    """Whether its stop could not be marked before it ended, on a full disk for instance."""
    asked_at: float = 0.0
    """When `scancel` was last called for it, in monotonic seconds."""
    file: TaskFile | None = None
    """Its attempt file; None until there is one."""
    stamp: tuple[int, int] | None = None
    """Time and size of the file when it was read."""
    line: SqueueRow | None = None
    """Its row in the last answer of SLURM; None if there was none."""
    looks: int = 0
    """Answers in a row in which it had ended or was missing."""
    told: int = -1
    """The last start that was reported."""
    source: Source | None = None
    """What the last start goes on from, as it was reported."""
    reason: str = ""
    """Why it waits, as it was last reported."""
    latest: str = ""
    """Why it waits, in the last answer."""
    over_at: float | None = None
    """When its file was first found to have an end, in monotonic seconds."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    @property
    def runs(self) -> bool:
        """Whether it is or was on a node, so that the queue will soon change."""
        return self.file is not None or (self.line is not None and not self.line.waits)


class TaskTracker(FollowedTasks[Task]):
    """The tasks whose end has not been reported.

    Args:
        rundir: the run directory.
        output: folder of slurmstepd's messages.
        wake: wakes the event loop for a new fact.
        hurry: asks for a poll of the queue.
    """

    def __init__(
        self, rundir: RunDir, output: Path, *, wake: Callable[[], None], hurry: Callable[[], None]
    ) -> None:
        super().__init__(wake)
        self._dir = rundir
        self._output = output
        self._hurry = hurry

    def arrays(self) -> list[str]:
        """The arrays of all followed tasks, for `squeue`."""
        return list(dict.fromkeys(array_of(t.id) for t in self.current() if t.id))

    def places(self) -> dict[str, QueueStatus]:
        """State of each task in SLURM, for screens."""
        return {key(*task.name): _place(task) for task in self.current() if task.id}

    # -- files -------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Reads the attempt files that changed. Raises `OSError` without their folder."""
        names = set(folders.names(self._dir.attempts))
        for task in self.current():
            if f"{task.job}.{task.number}" in names:
                self.read(task)
            self._settle(task)

    def read(self, task: Task) -> None:
        """Reads the attempt file of a task if it changed, and reports a start."""
        path = self._dir.claim(*task.name)
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == task.stamp:
                return
            file = task_files.read(path)
        except OSError:
            return
        if file is None:
            return
        with self.lock:
            task.stamp, task.file = stamp, file
            task.id = file.holder or task.id
            if file.restart is not None and file.restart > task.told:
                task.told, task.looks, task.over_at, task.reason = file.restart, 0, None, ""
                self._started(task, file)
            elif file.source is not None and file.source != task.source:
                self._started(task, file)  # the task has found out meanwhile
            if not file.over:
                task.over_at = None
            elif task.over_at is None:
                task.over_at = time.monotonic()

    def _started(self, task: Task, file: TaskFile) -> None:
        task.source = file.source
        restart = file.restart or None
        self.say(Started(*task.name, task.id, file.node, restart, file.source))

    def give_up(self, task: Task, line: str = claims.GIVEN_UP) -> bool:
        """Claims a task so that it never starts; False if it has started, or that is unknown."""
        try:
            taken = claims.take(self._dir.claim(*task.name), line)
        except OSError:
            return False
        if not taken:
            self.read(task)
            return task.file is not None and task.file.given_up
        return True

    # -- the queue ---------------------------------------------------------------------------------

    def saw(self, lines: Mapping[str, SqueueRow]) -> None:
        """Takes one answer of SLURM about all tasks."""
        for task in self.current():
            if not task.id:
                continue
            self.read(task)  # its code may be newer than the last scan of the files
            line = line_of(task.id, lines)
            with self.lock:
                task.line = line
                if line is None or line.over:
                    task.looks += 1
                else:
                    task.looks = 0
                    if line.waits:
                        self._waits(task, line)
            self._settle(task)

    def unknown(self) -> list[Task]:
        """Tasks that the controller no longer has, and that will soon count as ended."""
        return [t for t in self.current() if t.id and t.line is None and t.looks >= LOOKS - 1]

    def unheard(self, since: float) -> list[Task]:
        """Tasks that wait or run although `scancel` was called before `since` (monotonic)."""
        return [
            task
            for task in self.current()
            if task.wanted
            and task.asked_at < since
            and task.line is not None
            and (task.line.waits or task.line.state in ("RUNNING", *SUSPENDED))
        ]

    def _waits(self, task: Task, line: SqueueRow) -> None:
        """Reports why a task waits: the first reason at once, a new one if two answers have it.

        SLURM often changes the reason for a moment.
        """
        reason = line.reason if line.state == "PENDING" else line.state
        steady, task.latest = reason == task.latest or not task.reason, reason
        if reason and reason != task.reason and steady:
            task.reason = reason
            self.say(Queued(*task.name, reason))

    # -- ends --------------------------------------------------------------------------------------

    def _settle(self, task: Task) -> None:
        """Reports the end of a task once enough is known about it."""
        if not task.id and task.file is None:
            return
        message = ""
        if task.file is not None and task.file.over:
            message = self._said(task)
            if not self._is_sure(task, task.file, message):
                return
        elif task.looks < _needed(task.line):
            return
        message = message or self._said(task)
        fact = ended(
            task.name,
            task.id,
            time.time(),
            file=task.file,
            said=message,
            line=task.line if task.looks else None,
            launch=task.launch,
            output=str(self._output),
            wanted=task.wanted or self._dir.stop_mark(*task.name).exists(),
            unmarked=task.unmarked,
        )
        self.end(task, fact)

    def _is_sure(self, task: Task, file: TaskFile, said: str) -> bool:
        """Whether the code in its file is final, and nothing more will explain it."""
        if file.refused is not None or (task.line is not None and task.looks >= _firm(task.line)):
            return True
        if file.left and task.looks < LOOKS:  # what it has left would run beside a retry
            self._hurry()
            return False
        how = heard(said, file.restart or 0)
        if how is not None and how != "requeued":
            return True
        waited = time.monotonic() - (task.over_at or 0.0)
        if how is None and (file.code or 0) <= 128:
            return waited >= MOMENT
        # SLURM may have sent the signal, and may have requeued the task already.
        if task.looks >= LOOKS or (how is None and waited >= AT_MOST):
            return True
        self._hurry()
        return False

    def end(self, task: Task, fact: Ended) -> None:
        """Reports the end of a task once; claims it first if it never started."""
        if task.file is None and not self.give_up(task):
            return  # it has started after all: its file will say how it ended
        super().end(task, fact)

    def _said(self, task: Task) -> str:
        """What slurmstepd wrote about it."""
        try:
            return read_head(self._output / f"{task.id}.out", _SAID).decode("utf-8", "replace")
        except OSError:
            return ""


def _needed(line: SqueueRow | None) -> int:
    """Answers without the task after which its file will not change any more."""
    if line is None or (line.state in ("COMPLETED", "FAILED") and not line.status & 0x7F):
        return LOOKS
    return _firm(line)


def _firm(line: SqueueRow) -> int:
    """Answers with this state after which SLURM will not requeue the task."""
    return 2 if line.state in ("BOOT_FAIL", "NODE_FAIL", "PREEMPTED") else 1


def _place(task: Task) -> QueueStatus:
    line, file = task.line, task.file
    state = line.state if line else ""
    node = (line.node if line else "") or (file.node if file else None)
    return QueueStatus(
        id=task.id,
        state=state,
        reason=(printable(line.reason) or None) if line and line.waits else None,
        node=node if line is None or not line.waits else None,
        starts_at=line.starts_at if line else None,
        restarts=max(line.restarts if line else 0, task.told, 0),
    )
