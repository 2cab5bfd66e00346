"""The SLURM tasks of a run while they live: what their files and the queue say becomes facts.

Must not call SLURM, nor judge an end, which `exit_status` does. Called from several threads; each
end is told once. A start or an end is learnt from the task's own file, so neither needs the queue;
the queue tells of those that wait, and of those that ended without a word of their own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import printable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.queue_status import QueueStatus, key
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Started
from pbt_tui.runtimes.slurm import task_files
from pbt_tui.runtimes.slurm.exit_status import ended, heard
from pbt_tui.runtimes.slurm.squeue import SqueueRow, array_of, line_of
from pbt_tui.runtimes.slurm.task_files import TaskFile

Name = tuple[str, int]

MOMENT = 0.5
"""Seconds from a code to its being told: slurmstepd's own words may be on their way to the disk."""
AT_MOST = 10.0
"""Seconds for which the end by a signal is kept until SLURM has said what it had to do with it."""
LOOKS = 4
"""At the queue, before a task that is over is called one without a code: the disks of some clusters
show a file a minute late."""
_SAID = 1 << 20


@dataclass(slots=True, eq=False)
class Task:
    job: str
    number: int
    launch: Launch | None = None
    id: str = ""
    """SLURM's, once it is known."""
    wanted: bool = False
    """It was asked to stop."""
    asked_at: float = 0.0
    """When SLURM was last told so; monotonic."""
    file: TaskFile | None = None
    stamp: tuple[int, int] | None = None
    """Of the file when it was read."""
    line: SqueueRow | None = None
    looks: int = 0
    """At the queue, in a row, in which it was over there or not there."""
    told: int = -1
    """The last life whose start was told."""
    reason: str = ""
    """Why it waits, as it was told."""
    latest: str = ""
    """The same, as it was seen."""
    over_at: float | None = None
    """When its file was first seen to be over; monotonic."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    @property
    def runs(self) -> bool:
        """Something of it is, or was, on a node: the queue will have news soon."""
        return self.file is not None or (self.line is not None and not self.line.waits)


class TaskTracker:
    """Those whose end is still to be told. `hurry` asks for a look at the queue."""

    def __init__(
        self, rundir: RunDir, output: Path, *, wake: Callable[[], None], hurry: Callable[[], None]
    ) -> None:
        self.lock = threading.RLock()
        self._dir = rundir
        self._output = output
        self._wake = wake
        self._hurry = hurry
        self._tasks: dict[Name, Task] = {}
        self._facts: list[Fact] = []

    # -- who is there ------------------------------------------------------------------------------

    def track(self, task: Task) -> Task | None:
        """None where it is followed already."""
        with self.lock:
            if task.name in self._tasks:
                return None
            self._tasks[task.name] = task
        return task

    def get(self, name: Name) -> Task | None:
        return self._tasks.get(name)

    def drop(self, task: Task) -> None:
        with self.lock:
            self._tasks.pop(task.name, None)

    def current(self) -> list[Task]:
        with self.lock:
            return list(self._tasks.values())

    def arrays(self) -> list[str]:
        """What there is to ask SLURM about; those whose end is only waiting to be told are not."""
        return list(dict.fromkeys(array_of(t.id) for t in self.current() if t.id))

    def facts(self) -> list[Fact]:
        with self.lock:
            facts, self._facts = self._facts, []
        return facts

    def say(self, fact: Fact) -> None:
        with self.lock:
            self._facts.append(fact)
        self._wake()

    def places(self) -> dict[str, QueueStatus]:
        """For the screens."""
        return {key(*task.name): _place(task) for task in self.current() if task.id}

    # -- files -------------------------------------------------------------------------------------

    def scan(self) -> None:
        """One look at the folder of the attempts; what is new there is read."""
        try:
            there = set(os.listdir(self._dir.attempts))  # noqa: PTH208 - asked every second
        except OSError:
            return  # the disk is away: that says nothing of any attempt
        for task in self.current():
            if f"{task.job}.{task.number}" in there:
                self.read(task)
            self._settle(task)

    def read(self, task: Task) -> None:
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
                self.say(Started(*task.name, task.id, file.node, file.restart or None))
            if not file.over:
                task.over_at = None
            elif task.over_at is None:
                task.over_at = time.monotonic()

    def give_up(self, task: Task, line: str = claims.GIVEN_UP) -> bool:
        """Takes the name of a task that never began; False if it was faster, or nobody can tell."""
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
        """One answer of SLURM's, about all of them."""
        for task in self.current():
            if not task.id:
                continue
            self.read(task)  # SLURM may know of an end whose code was written since the last look
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
        """Those that SLURM has forgotten, and of which no file says enough."""
        return [t for t in self.current() if t.id and t.line is None and t.looks >= LOOKS - 1]

    def unheard(self, since: float) -> list[Task]:
        """Told to stop before `since` (monotonic), and they wait or run all the same."""
        return [
            task
            for task in self.current()
            if task.wanted
            and task.asked_at < since
            and task.line is not None
            and (task.line.waits or task.line.state == "RUNNING")
        ]

    def _waits(self, task: Task, line: SqueueRow) -> None:
        """Told at once, then where it is another one in two looks: SLURM's mind wavers."""
        reason = line.reason if line.state == "PENDING" else line.state
        steady, task.latest = reason == task.latest or not task.reason, reason
        if reason and reason != task.reason and steady:
            task.reason = reason
            self.say(Queued(*task.name, reason))

    # -- ends --------------------------------------------------------------------------------------

    def _settle(self, task: Task) -> None:
        """Tells the end of a task that is over, once enough is known of it."""
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
        )
        self.end(task, fact)

    def _is_sure(self, task: Task, file: TaskFile, said: str) -> bool:
        """Whether the code in its file is the whole truth."""
        if file.refused is not None or (task.line is not None and task.looks >= _firm(task.line)):
            return True
        how = heard(said, file.restart or 0)
        if how is not None and how != "requeued":
            return True
        waited = time.monotonic() - (task.over_at or 0.0)
        if how is None and (file.code or 0) <= 128:
            return waited >= MOMENT
        # A signal may be SLURM's doing, and the next life may be in the queue already.
        if task.looks >= LOOKS or (how is None and waited >= AT_MOST):
            return True
        self._hurry()
        return False

    def end(self, task: Task, fact: Ended) -> None:
        """Once; whoever ends what never began takes its name first."""
        if task.file is None and not self.give_up(task):
            return  # it has begun after all: its file will tell
        with self.lock:
            if self._tasks.pop(task.name, None) is not None:
                self.say(fact)

    def _said(self, task: Task) -> str:
        """What SLURM itself wrote of it."""
        try:
            with (self._output / f"{task.id}.out").open("rb") as file:
                return file.read(_SAID).decode("utf-8", "replace")
        except OSError:
            return ""


def _needed(line: SqueueRow | None) -> int:
    """Looks after which its file will not say more."""
    if line is None or (line.state in ("COMPLETED", "FAILED") and not line.status & 0x7F):
        return LOOKS
    return _firm(line)


def _firm(line: SqueueRow) -> int:
    """Looks after which SLURM will not take its word back, and queue it again."""
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
