"""A minimal loop around a runtime: launches attempts and waits for facts, like the executor."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process.runtime import ProcessRuntime
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Runtime, Started
from pbt_tui.spec import Job, Resources
from tests.executor.running import PATIENCE

AnyRuntime = TypeVar("AnyRuntime", bound=Runtime)


class Driver(Generic[AnyRuntime]):
    """Drives one runtime; `all` keeps every fact that the runtime has reported."""

    def __init__(self, runtime: AnyRuntime, rundir: RunDir, folder: Path) -> None:
        """`folder` is the default working directory of jobs."""
        self.runtime = runtime
        self.rundir = rundir
        self.folder = folder
        self.all: list[Fact] = []

    def of(
        self,
        *argv: str,
        job: str = "job",
        attempt: int = 1,
        needs: Resources | None = None,
        **more: Any,
    ) -> Launch:
        """One attempt; `more` are other fields of the launch."""
        words = argv or ("x",)
        spec = Job(
            id=job, experiment="e", name=job, argv=words, env={}, dir="", params={}, resources=needs
        )
        fields: dict[str, Any] = {
            "env": {},
            "cwd": self.folder,
            "log": self.rundir.log(job, attempt),
            "claim": self.rundir.claim(job, attempt),
            "gpus": (),
            **more,
        }
        return Launch(job=job, attempt=attempt, argv=argv, spec=spec, **fields)

    def start(self, *argv: str, **more: Any) -> None:
        self.runtime.launch([self.of(*argv, **more)])

    def run(self, *argv: str, **more: Any) -> Ended:
        self.start(*argv, **more)
        return self.end(more.get("job", "job"))

    def turn(self, seconds: float = PATIENCE) -> list[Fact]:
        wake = self.runtime.next_wake()
        wait = seconds if wake is None else max(0.0, min(seconds, wake - time.monotonic()))
        select.select([self.runtime.fileno()], [], [], wait)
        facts = self.runtime.facts()
        self.all += facts
        return facts

    def wait(self, done: Callable[[], object], look: float = 1.0) -> None:
        """Waits until `done` returns True; calls it after each fact and every `look` seconds."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"waited in vain: {self.all}"
            self.turn(look)

    def wait_for_log(self, text: str, job: str = "job") -> None:
        path = self.rundir.log(job, 1)
        self.wait(lambda: path.exists() and text in path.read_text(), look=0.05)

    def ended(self, job: str = "job") -> Ended | None:
        found = [f for f in self.all if isinstance(f, Ended) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def started(self, job: str = "job") -> Started | None:
        found = [f for f in self.all if isinstance(f, Started) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def end(self, job: str = "job") -> Ended:
        self.wait(lambda: self.ended(job))
        found = self.ended(job)
        assert found is not None
        return found

    def begin(self, job: str = "job") -> str:
        self.wait(lambda: self.started(job))
        found = self.started(job)
        assert found is not None
        return found.handle

    def log(self, job: str = "job", attempt: int = 1) -> str:
        return self.rundir.log(job, attempt).read_text()


class ProcessDriver(Driver[ProcessRuntime]):
    """Real processes in `folder`; `more` goes to the runtime."""

    def __init__(self, folder: Path, **more: Any) -> None:
        rundir = RunDir(folder / "_pbt")
        super().__init__(ProcessRuntime(rundir, **more), rundir, folder)
        self.rundir.attempts.mkdir(parents=True, exist_ok=True)
        self.runtime.prepare(())

    def wait_for_children(self) -> None:
        self.wait(lambda: not self.runtime._children)


def called(pid: int) -> str:
    """The name of a process; empty if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def kin(handle: str) -> list[int]:
    """All other processes of the session, except a fork of the shim that has not called `exec`."""
    session = proc.pid_of(handle)
    rest = [p.pid for p in proc.everyone() if p.session == session and p.pid != session]
    return [pid for pid in rest if proc.command_line(pid) not in (b"", proc.command_line(session))]
