"""One way to drive the followers of both engines: what the engine does, and how it answers.

`answers` plants how the engine answers from then on:

    silent   not at all
    twice    each row two times
    strange  running tasks are in a state that nobody knows
    short    the next answer has no task, and those after it are complete
    late     a task that has ended is still listed as running
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pbt_tui.observe.queue_status import Queue, QueueStatus, key
from tests.executor.running import Place, Said, until
from tests.osmo import osmo_place
from tests.osmo.osmo_place import OsmoPlace
from tests.slurm import queued
from tests.slurm.clusters import ask
from tests.slurm.queued import SMALL, Queued

ELSEWHERE = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")


class Follower(ABC):
    """A place, and the engine that its jobs are submitted to."""

    place: Place
    name: str
    """Name of the runtime."""
    restarts: tuple[str, ...]
    """Options with which the engine may start a task again by itself."""

    @abstractmethod
    def options(self) -> list[str]:
        """The options of `pbt-run`."""

    @abstractmethod
    def end(self, process: subprocess.Popen[str]) -> Said:
        """Waits for the end of an executor."""

    @abstractmethod
    def answers(self, how: str) -> None:
        """How the engine answers from now on; nothing: well."""

    @abstractmethod
    def loses_an_answer(self) -> None:
        """The engine accepts the next submission, and nobody hears of it."""

    @abstractmethod
    def accepted(self) -> int:
        """How many submissions the engine has accepted."""

    @abstractmethod
    def is_narrow(self) -> list[str]:
        """Lets the engine run one task at a time; returns options for that."""

    @abstractmethod
    def restart(self, job: str) -> None:
        """The engine ends a task, and starts it again by itself."""

    @abstractmethod
    def cancel(self, job: str) -> None:
        """Somebody cancels with the engine's own command."""

    @abstractmethod
    def picture(self) -> Queue | None:
        """What screens are told of the queue."""

    def start(self, *args: str, elsewhere: bool = False) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", self.place.module, *args, *self.options()]
        return subprocess.Popen(
            [*ELSEWHERE, *words] if elsewhere else words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.place.environ,
            cwd=self.place.path,
            text=True,
        )

    def status(self, job: str, attempt: int = 1) -> QueueStatus | None:
        picture = self.picture()
        return picture.attempts.get(key(job, attempt)) if picture else None

    def until_running(self, job: str, attempt: int = 1) -> QueueStatus:
        """Waits until screens show a job as running."""

        def found() -> QueueStatus | None:
            status = self.status(job, attempt)
            return status if status is not None and status.state == "RUNNING" else None

        running: QueueStatus = until(found, f"{job} is not shown as running")
        return running


_SQUEUE = r"""#!/bin/bash
how=$(cat {path}/answers 2>/dev/null)
[[ "$*" == *" -O "* ]] || how=
case $how in
silent) echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1 ;;
twice) {real} "$@" | sed p ;;
strange) {real} "$@" | sed 's/RUNNING /FLOATING/' ;;
short) rm {path}/answers ;;
late) {real} "$@" | sed 's/COMPLETED /RUNNING   /; s/FAILED    /RUNNING   /' ;;
*) exec {real} "$@" ;;
esac
"""


class OnSlurm(Follower):
    """Tasks of a real cluster, whose `squeue` a script stands before."""

    name = "slurm"
    restarts = ("--slurm_requeue",)

    def __init__(self, place: Queued) -> None:
        self.place: Queued = place
        place.watch_calls()
        program = place.path / "bin" / "squeue"
        program.write_text(_SQUEUE.format(path=place.path, real=shutil.which("squeue")))

    def options(self) -> list[str]:
        return ["--backend", "slurm", *queued.QUICK, *SMALL]

    def end(self, process: subprocess.Popen[str]) -> Said:
        return self.place.end(process)

    def answers(self, how: str) -> None:
        self.place.write("answers", how)

    def loses_an_answer(self) -> None:
        program = self.place.path / "bin" / "sbatch"
        real, gone = shutil.which("sbatch"), self.place.path / "gone"
        program.write_text(
            f'#!/bin/bash\n[ -e {gone} ] && exec {real} "$@"\n{real} "$@" >{gone}\n'
            "echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1\n"
        )

    def accepted(self) -> int:
        return len(self.place.submissions())

    def is_narrow(self) -> list[str]:
        return ["--slurm_throttle=1"]

    def restart(self, job: str) -> None:
        ask("scontrol", "requeue", self.place.handle(job))

    def cancel(self, job: str) -> None:
        ask("scancel", self.place.handle(job))

    def picture(self) -> Queue | None:
        return self.place.picture()


class OnOsmo(Follower):
    """Tasks of the double, whose pods are processes of this machine."""

    name = "osmo"
    restarts = ("--osmo_reschedule", "3006")

    def __init__(self, place: OsmoPlace) -> None:
        self.place: OsmoPlace = place
        double = place.double
        assert double.pods is not None
        double.pods.folder = str(place.path)
        mark = place.mark.partition("=")
        double.pods.environ |= {mark[0]: mark[2]}
        double.retries = 3

    def options(self) -> list[str]:
        return [*self.place.options, "--osmo_shared", str(self.place.shared)]

    def end(self, process: subprocess.Popen[str]) -> Said:
        return self.place.end(process)

    def answers(self, how: str) -> None:
        double = self.place.double
        double.down = 503 if how == "silent" else None
        double.mangle = getattr(self, f"_{how}", None)

    def _twice(self, answer: dict[str, Any]) -> dict[str, Any]:
        answer["groups"] = [
            {**group, "tasks": group["tasks"] * 2} for group in answer["groups"] * 2
        ]
        return answer

    def _strange(self, answer: dict[str, Any]) -> dict[str, Any]:
        for task in _tasks(answer):
            task["status"] = "FLOATING" if task["status"] == "RUNNING" else task["status"]
        return answer

    def _short(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.place.double.mangle = None
        answer["groups"] = []
        return answer

    def _late(self, answer: dict[str, Any]) -> dict[str, Any]:
        for task in _tasks(answer):
            if task["exit_code"] is not None:
                task |= {"status": "RUNNING", "exit_code": None}
        answer["status"] = "RUNNING"
        return answer

    def loses_an_answer(self) -> None:
        self.place.double.plans = ["lost"]

    def accepted(self) -> int:
        return sum(w.state != "FAILED_SUBMISSION" for w in self.place.double.table.values())

    def is_narrow(self) -> list[str]:
        assert self.place.double.pods is not None
        self.place.double.pods.room = threading.Semaphore(1)
        return []

    def restart(self, job: str) -> None:
        ident, task = self._handle(job)
        assert self.place.double.pods is not None
        self.place.double.pods.preempt(ident, task)

    def cancel(self, job: str) -> None:
        self.place.double.cancel(self._handle(job)[0])

    def picture(self) -> Queue | None:
        return self.place.picture()

    def _handle(self, job: str) -> tuple[str, str]:
        status: QueueStatus = until(lambda: self.status(job), f"{job} is not submitted")
        ident, _, task = status.id.partition("/")
        return ident, task


def _tasks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [task for group in answer["groups"] for task in group["tasks"]]


def on_slurm(path: Path) -> Iterator[Follower]:
    for place in queued.placed(Queued(path)):
        yield OnSlurm(place)


def on_osmo(path: Path, *, rest: bool) -> Iterator[Follower]:
    with osmo_place.placed(path, rest=rest, execute=True) as place:
        yield OnOsmo(place)
