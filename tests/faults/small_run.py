"""One small run of plain processes, executed in this process on a faulty disk, and what must hold.

Three jobs: `a` succeeds, `b` fails once and is tried again, `c` waits until a person cancels it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pbt_tui.errors import PbtError
from pbt_tui.executor.config import ExecutorOptions, executor_config
from pbt_tui.executor.execute import execute
from pbt_tui.executor.run_dirs import close_run, discard_if_empty, open_run
from pbt_tui.files import disk
from pbt_tui.files.disk import Disk
from pbt_tui.journal import RunDir, Tail, lock, replay
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import RunState
from pbt_tui.runtimes import proc
from pbt_tui.spec import FORMAT, Policy, Processes
from tests.executor.running import job, until
from tests.faults.faulty_disk import Call, Crash, FaultyDisk

# The name of its own log tells a job which attempt it is.
TELLS = "log=$(readlink /proc/$$/fd/1); log=${log##*/}; echo ${log%.log} >>ran"
WANTED = {"a.1": "succeeded", "b.1": "failed", "b.2": "succeeded", "c.1": "stopped"}
"""The outcome of every attempt, whatever fails."""
LIVES = 4
"""Executors after which the run has to be closed: the fault, a sound one, and two to spare."""


def spec() -> Processes:
    jobs = (
        job("a", f"{TELLS}; exit 0"),
        job("b", f"{TELLS}; [ $log = b.2.log ]"),
        job("c", f"{TELLS}; exec sleep 60"),
    )
    policy = Policy(
        pause_between=0.0, max_parallel=3, retries=1, retry_on=("exit",), retry_delay=0.0
    )
    return Processes(
        format=FORMAT,
        run="r",
        module="m",
        train_dir="train_dir",
        policy=policy,
        container=None,
        populations=(),
        jobs=jobs,
    )


@dataclass
class SmallRun:
    folder: Path
    violations: list[str] = field(default_factory=list)
    cancelled: bool = False
    troubles: list[str] = field(default_factory=list)
    """What the sampler said."""

    @property
    def rundir(self) -> RunDir:
        return RunDir.of(self.folder / "train_dir", "r")

    def live(self, on: Disk) -> int | None:
        """One executor; its exit code, or None if it crashed."""
        before, disk.calls = disk.calls, on
        try:
            return self._execute()
        except Crash:
            return None
        except PbtError as error:
            if error.exit_code != 5:
                self.violations.append(f"exit code {error.exit_code}: {error}")
            return error.exit_code
        except Exception as error:
            self.violations.append(f"{type(error).__name__}: {error}")
            return 70
        finally:
            disk.calls = before
            if isinstance(on, FaultyDisk):
                on.close_all()
            lock._held.clear()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass

    def _execute(self) -> int:
        opened = open_run(self.rundir, spec())
        try:
            options = ExecutorOptions(
                cwd=self.folder, train_dir=self.folder / "train_dir", environ=os.environ
            )
            config = executor_config(opened.spec, opened.state, options)
            code = execute(
                opened, config, tell=self._tell, ready=self._look, trouble=self.troubles.append
            )
        except BaseException:
            discard_if_empty(opened)
            raise
        close_run(opened)
        return code

    def _tell(self, batch: Sequence[ev.AnyEvent]) -> None:
        for event in batch:
            if isinstance(event, ev.AttemptStarted) and event.job == "c":
                self._cancel()

    def _look(self, state: RunState) -> None:
        if state.by_id["c"].phase == "running":
            self._cancel()

    def _cancel(self) -> None:
        """A person's request, which another process writes."""
        if not self.cancelled:
            self.cancelled = True
            until(lambda: "c.1" in self._ran())
            request = ev.Request(id="1-1", action="cancel", jobs=("c",), by="person")
            aside = self.rundir.requests / ".1-1"
            aside.write_bytes(msgspec.json.encode(request))
            aside.rename(self.rundir.requests / "1-1.json")

    def _ran(self) -> list[str]:
        path = self.folder / "ran"
        return path.read_text().split() if path.exists() else []

    def check(self, codes: Sequence[int | None]) -> None:
        """Adds what does not hold at the end."""
        wrong = self.violations.append
        if codes[-1] != 4:
            wrong(f"it is not closed: {codes}")
        ran = Counter(self._ran())
        if ran != Counter(WANTED.keys()):
            wrong(f"it ran {dict(ran)}")
        try:
            events = Tail(self.rundir.journal).read_all()
            state = replay(spec(), events)
        except PbtError as error:
            wrong(f"no replay: {error}")
            return
        found = {
            f"{e.job}.{e.attempt}": str(e.outcome) for e in events if isinstance(e, ev.AttemptEnded)
        }
        if found != WANTED:
            wrong(f"the journal says {found}")
        phases = {name: one.phase for name, one in state.by_id.items()}
        if phases != {"a": "succeeded", "b": "succeeded", "c": "cancelled"}:
            wrong(f"the jobs are {phases}")
        for event in events:
            # a shim that has written down how its job ended is about to end itself
            if isinstance(event, ev.AttemptStarted) and not _ends(event.handle):
                wrong(f"{event.job}.{event.attempt} is still alive")
        if threading.active_count() > 1:
            wrong(f"threads are left: {threading.enumerate()}")


def _ends(handle: str, seconds: float = 5.0) -> bool:
    """Whether a process ends by itself soon."""
    deadline = time.monotonic() + seconds
    while proc.alive(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _begun(run: SmallRun, dies: Call | None) -> None:
    """With `dies`, an executor that dies after this call, so that the next one resumes."""
    if dies is not None:
        on = FaultyDisk(run.folder, dies, "crash after")
        assert run.live(on) is None
        assert on.reached


def calls_of_a_sound_run(folder: Path, dies: Call | None = None) -> list[Call]:
    """The calls of the last executor of a run in which nothing else fails."""
    run = SmallRun(folder)
    _begun(run, dies)
    on = FaultyDisk(folder)
    code = run.live(on)
    run.check([code])
    assert run.violations == [], run.violations
    return list(dict.fromkeys(on.seen))


def violations(
    folder: Path, at: Call, fault: str, dies: Call | None = None
) -> tuple[bool, list[str]]:
    """Whether the fault happened, and what did not hold then."""
    run = SmallRun(folder)
    _begun(run, dies)
    on = FaultyDisk(folder, at, fault)
    codes = [run.live(on)]
    while codes[-1] != 4 and len(codes) < LIVES:
        codes.append(run.live(Disk()))
        if codes[-1] not in (4, 130):
            run.violations.append(f"a sound executor ends with {codes[-1]}")
            break
    run.check(codes)
    return on.reached, run.violations
