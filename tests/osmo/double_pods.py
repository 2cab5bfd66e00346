"""The pods of the double: commands of tasks as processes of this machine, and what ends them.

As OSMO does: the end of the lead is the end of its group, a code in `exitActions` starts a task
again while the service allows it, and a pod that is deleted gets no notice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.osmo.service_double import OsmoDouble, TaskOfDouble

LEAD = "Lead task finished"


class DoublePods:
    """The processes of one double.

    Args:
        double: The service.
    """

    def __init__(self, double: OsmoDouble) -> None:
        self._double = double
        self._alive: dict[tuple[str, str], subprocess.Popen[str]] = {}
        self.environ = {"PATH": "/usr/bin:/bin"}
        self.folder: str | None = None
        """Folder in which commands start."""
        self.room: threading.Semaphore | None = None
        """How many tasks may run at once; None: all."""

    def start(self, ident: str, task: TaskOfDouble) -> None:
        """Starts a task, whatever it waits for on a cluster."""
        threading.Thread(target=self._run, args=(ident, task), daemon=True).start()

    def preempt(self, ident: str, name: str) -> None:
        """Deletes the pod of a task, as the preemption by another workflow."""
        with self._double.lock:
            task = self._double.table[ident].tasks[name]
            process = self._alive.pop((ident, name), None)
        if process is not None:
            _kill(process)
        self._ended(ident, task, 3006, "FAILED_PREEMPTED", "preempted")

    def close(self) -> None:
        """Ends all processes."""
        with self._double.lock:
            left, self._alive = list(self._alive.values()), {}
        for process in left:
            _kill(process)

    def _run(self, ident: str, task: TaskOfDouble) -> None:
        if self.room is None:
            self._run_now(ident, task)
        else:
            with self.room:
                self._run_now(ident, task)

    def _run_now(self, ident: str, task: TaskOfDouble) -> None:
        double = self._double
        with double.lock:
            if task.state.startswith("FAILED_"):
                return
            process = subprocess.Popen(
                task.words,
                env={**self.environ, **task.env},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._alive[ident, task.name] = process
            double.put(ident, task.name, state="RUNNING")
        assert process.stdout is not None
        for line in process.stdout:
            double.say(ident, task.name, line.rstrip("\n"))
        code = process.wait()
        _kill(process)  # with the first process of a container, all others end
        with double.lock:
            if self._alive.get((ident, task.name)) is not process:
                return  # its pod was deleted
            del self._alive[ident, task.name]
        code = code if code >= 0 else 255
        self._ended(ident, task, code, "FAILED" if code else "COMPLETED", None)

    def _ended(
        self, ident: str, task: TaskOfDouble, code: int, state: str, message: str | None
    ) -> None:
        double = self._double
        with double.lock:
            asked = task.actions.get("RESCHEDULE", "")
            if code in _codes(asked) and task.retry < double.retries:
                double.put(ident, task.name, state="RESCHEDULED", code=code)
                double.put(ident, task.name, state="SCHEDULING", code=None, started=None, node=None)
                double.put(ident, task.name, retry=task.retry + 1)
                self.start(ident, task)
                return
            double.put(ident, task.name, state=state, code=code, message=message)
            if task.lead:
                self._end_group(ident, task, state)

    def _end_group(self, ident: str, lead: TaskOfDouble, state: str) -> None:
        workflow = self._double.table[ident]
        [mine] = [names for names in workflow.groups.values() if lead.name in names]
        for name in mine:
            process = self._alive.pop((ident, name), None)
            if process is not None:
                _kill(process)
                self._double.put(ident, name, state=state, code=None, message=LEAD)

    def cancel(self, ident: str) -> None:
        """Deletes the pods of a workflow."""
        with self._double.lock:
            mine = [key for key in self._alive if key[0] == ident]
            left = [self._alive.pop(key) for key in mine]
        for process in left:
            _kill(process)


def _codes(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.strip():
            yield from range(int(first), int(last or first) + 1)


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
