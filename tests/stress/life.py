"""One stressed run: real commands, random faults, and what must hold when all is over."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pbt_tui.errors import PbtError
from pbt_tui.journal import RunDir, lock
from pbt_tui.journal.events import ExecutorStarted, StopRequested
from tests.executor.running import Place
from tests.stress import folders, jobs
from tests.stress.engine import container
from tests.stress.invariants import broken
from tests.stress.jobs import Plan

TURNS = 60
"""Executors that a run may need to be over."""
LONGEST = 300.0
"""Seconds after which an executor counts as hung; a busy machine lets one wait for a minute."""
HURTS = ("folder moved", "disk full", "engine killed")
"""Faults after which an executor that still runs may end with 5."""
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Life:
    """The run of one seed. `broken` lists the invariants that did not hold.

    Args:
        seed: the same seed draws the same jobs and faults; what they meet depends on the machine.
        place: where the run is executed.
        engine: restarts the engine of the containers with SIGKILL; None for plain processes.
    """

    def __init__(self, seed: int, place: Place, engine: Callable[[], None] | None = None) -> None:
        self.dice = random.Random(seed)
        self.place = place
        self.engine = engine
        self.plan: Plan = jobs.plan(self.dice)
        self.faults: list[str] = []
        self.broken: list[str] = []
        self.copies: list[Place] = []
        self._executor: subprocess.Popen[str] | None = None
        self._terminal: int | None = None
        self._clock: str | None = None
        self._was_away = False
        """Whether the run directory was away while the executor may have been starting."""
        self._hurt = False
        """Whether an earlier fault may still end the executor with exit code 5."""

    # -- the whole ---------------------------------------------------------------------------------

    def live(self, faults: int) -> None:
        """Runs to the end with so many faults, then checks what must hold."""
        place, dice = self.place, self.dice
        (place.path / "live").mkdir()
        more: dict[str, Any] = {} if self.engine is None else {"container": container()}
        target = place.spec(
            *self.plan.jobs,
            max_parallel=dice.choice((3, 4, 8)),
            retries=dice.choice((0, 1)),
            retry_on=("lost", "exit"),
            retry_delay=0.05,
            grace=1.0,
            num_gpus=4,
            experiments_per_gpu=2,
            **more,
        )
        kinds = self._kinds()
        drawn = [*dice.sample(list(kinds), 4), *dice.choices(list(kinds), k=faults - 4)]
        for kind in drawn:
            if not self._runs():
                if self._closed():
                    self._say("retry", "run", str(place.rundir.path), "--retry", "j00")
                self._start(str(place.rundir.path) if place.rundir.is_run() else target)
            time.sleep(dice.uniform(0.0, 0.4))
            self.faults.append(kind)
            kinds[kind]()
            self._hurt = self._hurt or kind in HURTS
        self._finish(target)
        for copy in self.copies:
            self._finish_copy(copy)
        lost = self.engine is not None
        self.broken += broken(place, self.plan, may_lose=lost)
        for copy in self.copies:
            found = broken(copy, self.plan, may_lose=lost, original=place)
            self.broken += [f"copy: {what}" for what in found]
        left = jobs.left_running(self.plan.token)
        for _ in range(40):
            if not left:
                break
            time.sleep(0.1)
            left = jobs.left_running(self.plan.token)
        if left:
            self.wrong(f"left running: {left}")
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def wrong(self, what: str) -> None:
        self.broken.append(what)

    def _kinds(self) -> dict[str, Callable[[], None]]:
        kinds: dict[str, Callable[[], None]] = {
            "executor killed": self._kill,
            "interrupted": self._interrupt,
            "second executor": self._second,
            "lock removed": self._unlock,
            "logout": self._logout,
            "copy": self._copy,
            "moved": self._move,
            "folder moved": self._move_folder,
            "clock": self._other_clock,
            "disk full": self._fill,
        }
        if self.engine is not None:
            kinds["engine killed"] = self.engine
        if not Path(FAKETIME).exists():
            kinds.pop("clock")
        if not self._small_disk():
            kinds.pop("disk full")
        return kinds

    def _at(self, path: Path) -> Place:
        """The same place somewhere else."""
        other = Place(path)
        other.environ = self.place.environ
        return other

    # -- executors ---------------------------------------------------------------------------------

    def _start(self, target: str) -> None:
        """Starts an executor: in a terminal, detached from all, or with another clock."""
        master, slave = os.openpty()

        def lead() -> None:
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        environ = dict(self.place.environ)
        if self._clock:
            environ |= {"LD_PRELOAD": FAKETIME, "FAKETIME": self._clock}
            environ |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
        self._executor = self.place.start(
            target, stdin=slave, stdout=slave, stderr=slave, preexec_fn=lead, env=environ
        )
        self._was_away = self._hurt = False
        os.close(slave)
        self._hang_up()
        self._terminal = master
        end = time.monotonic() + self.dice.choice((0.2, 1.0, 3.0))
        while time.monotonic() < end and self._runs():
            if lock.holder(self.place.rundir.lock) and self.dice.random() < 0.5:
                break
            self._read_terminal()
            time.sleep(0.02)

    def _read_terminal(self) -> bytes:
        said = b""
        if self._terminal is not None:
            os.set_blocking(self._terminal, False)
            with contextlib.suppress(OSError):
                while part := os.read(self._terminal, 65536):
                    said += part
        if b"Traceback (most recent call last)" in said:
            self.wrong(f"a traceback: {said[-2000:].decode('utf-8', 'replace')}")
        return said

    def _hang_up(self) -> None:
        if self._terminal is not None:
            self._read_terminal()
            os.close(self._terminal)
            self._terminal = None

    def _runs(self) -> bool:
        return self._executor is not None and self._executor.poll() is None

    def _works(self) -> bool:
        """Whether the executor has recorded that it is there."""
        with contextlib.suppress(PbtError, OSError):
            found = self.place.of(ExecutorStarted)
            return (
                bool(found) and self._executor is not None and found[-1].pid == self._executor.pid
            )
        return False

    def _closed(self) -> bool:
        with contextlib.suppress(PbtError, OSError):
            return self.place.rundir.is_run() and self.place.state().closed is not None
        return False

    def _end_executor(self, number: signal.Signals) -> None:
        """Sends a signal to the executor and waits for its end."""
        if self._executor is None:
            return
        if number == signal.SIGINT and not self._works():
            number = signal.SIGTERM  # before our first line, Python itself answers SIGINT
        if self._runs():
            self._executor.send_signal(number)
        end = time.monotonic() + LONGEST
        while self._runs():
            self._read_terminal()
            if time.monotonic() > end:
                self.wrong(f"an executor did not end after {number.name}")
                self._executor.kill()
                self._executor.wait()
            time.sleep(0.01)
        self._read_terminal()
        code = self._executor.returncode
        early = (-signal.SIGINT, -signal.SIGHUP, -signal.SIGTERM)  # before its first line
        away = (2,) if self._was_away else ()  # there was no such run directory
        if code not in (0, 4, 5, 130, -signal.SIGKILL, *early, *away):
            self.wrong(f"an executor ended with {code}")
        self._executor = None

    def _say(self, what: str, command: str, *args: str, place: Place | None = None) -> int:
        """Runs a command to its end; its exit code."""
        process = (place or self.place).start(*args)
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.wrong(f"{what}: `pbt-{command} {' '.join(args)}` hung")
            return -1
        if "Traceback (most recent call last)" in err or process.returncode in (1, 3, 70):
            self.wrong(f"{what}: exit {process.returncode}: {err[-1500:]}")
        self.words = out + err
        return process.returncode

    # -- faults ------------------------------------------------------------------------------------

    def _kill(self) -> None:
        self._end_executor(signal.SIGKILL)

    def _interrupt(self) -> None:
        self._end_executor(signal.SIGINT)

    def _second(self) -> None:
        """A second executor beside a living one does nothing."""
        if lock.holder(self.place.rundir.lock):
            code = self._say("a second executor", "run", str(self.place.rundir.path))
            if code not in (0, 4, 5, 130):
                self.wrong(f"a second executor ended with {code}")

    def _unlock(self) -> None:
        """Somebody removes the lock of a living executor, and another one is started."""
        with contextlib.suppress(OSError):
            self.place.rundir.lock.unlink()
        other = self.place.start(str(self.place.rundir.path), stdout=subprocess.DEVNULL)
        time.sleep(self.dice.uniform(0.0, 0.5))
        self._end_executor(signal.SIGKILL if self.dice.random() < 0.5 else signal.SIGINT)
        other.send_signal(signal.SIGTERM)
        try:
            _, err = other.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            other.kill()
            other.communicate()
            self.wrong("the executor after a removed lock hung")
            return
        if "Traceback (most" in err or other.returncode in (1, 3, 70):
            self.wrong(f"after a removed lock: exit {other.returncode}: {err[-1500:]}")

    def _logout(self) -> None:
        """The terminal goes away: jobs and executor go on."""
        end = time.monotonic() + LONGEST
        while self._runs() and not self._works() and time.monotonic() < end:
            self._read_terminal()
            time.sleep(0.02)
        alive = self._runs() and self._works()
        before = len(self.place.events()) if alive else 0
        self._hang_up()
        time.sleep(self.dice.uniform(0.0, 0.6))
        if alive and not self._runs() and not self._closed():
            stops = [e for e in self.place.events()[before:] if isinstance(e, StopRequested)]
            code = self._executor.returncode if self._executor else None
            # At its very end, an executor gives the signal its usual action back.
            if code not in (5, -signal.SIGHUP) or stops or not self._hurt:
                self.wrong(f"exit {code} with the terminal's end: {len(stops)} jobs were stopped")

    def _copy(self) -> None:
        """Somebody copies everything while it runs, and starts the copy."""
        if len(self.copies) >= 1 or not self.place.rundir.is_run():
            return
        path = self.place.path.with_name(f"{self.place.path.name}-copy")
        done = subprocess.run(
            ["cp", "-a", str(self.place.path), str(path)], capture_output=True, check=False
        )
        if done.returncode:  # a file went away in the middle
            shutil.rmtree(path, ignore_errors=True)
            return
        copy = self._at(path)
        if not copy.rundir.is_run() or copy.state().run_id is None:  # not begun: it has no place
            shutil.rmtree(path, ignore_errors=True)
            return
        # The record may have been copied after the journal: what that does not know is not its own.
        jobs.forget(
            path / "record",
            {f"{j.spec.id}.{a.number}" for j in copy.state().jobs for a in j.attempts},
        )
        before = (path / "record").read_bytes() if (path / "record").exists() else b""
        code = self._say("a copy", "run", str(copy.rundir.path), place=copy)
        closed = copy.state().closed is not None
        if code != 5 and not closed:
            self.wrong(f"a copy ended with {code}: {self.words[-500:]}")
        after = (path / "record").read_bytes() if (path / "record").exists() else b""
        if before != after:
            self.wrong("a copy ran jobs without `--rehome`")
        self.copies.append(copy)

    def _move(self) -> None:
        """Everything is moved away and back; between, somebody tries to go on."""
        self._end_executor(signal.SIGKILL)
        if self._small_disk() or not self.place.rundir.is_run():
            return
        here = self.place.path
        there = here.with_name(f"{here.name}-moved")
        here.rename(there)
        moved = self._at(there)
        state = moved.state()
        if state.run_id is not None and state.closed is None:
            code = self._say("moved", "run", str(moved.rundir.path), place=moved)
            if code != 5:
                self.wrong(f"a moved run ended with {code}: {self.words[-500:]}")
        there.rename(here)

    def _move_folder(self) -> None:
        """A folder of the run directory is away for a moment."""
        rundir: RunDir = self.place.rundir
        folder = self.dice.choice((rundir.logs, rundir.attempts, rundir.path))
        away = folder.with_name(f"{folder.name}-away")
        try:
            folder.rename(away)
        except OSError:
            return
        time.sleep(self.dice.uniform(0.0, 0.5))
        self._was_away = folder == rundir.path
        held = folders.merge(folder, away)  # something of ours may have made it anew
        if folder == rundir.path and held:
            self.wrong(f"made again while it was away: {held}")
        away.rename(folder)

    def _other_clock(self) -> None:
        """The next executor's clock is off, and somebody dates what is there anew."""
        self._clock = self.dice.choice(("-3600s", "-10s", "-0.1s", "+0.1s", "+30s", "+3600s"))
        self._end_executor(signal.SIGKILL)
        with contextlib.suppress(OSError):
            for path in self.place.rundir.attempts.iterdir():
                when = time.time() + self.dice.uniform(-100, 100)
                os.utime(path, (when, when))

    def _fill(self) -> None:
        """The disk of the run directory is full for a moment."""
        with folders.full(self.place.path / "train_dir"):
            time.sleep(self.dice.uniform(0.0, 0.7))

    def _small_disk(self) -> bool:
        return (self.place.path / "train_dir").is_mount()

    # -- the end -----------------------------------------------------------------------------------

    def _finish(self, target: str) -> None:
        """Goes on, as often as needed, until the run is closed."""
        self._clock = None
        end = time.monotonic() + LONGEST
        while self._runs() and time.monotonic() < end and not self._closed():
            self._read_terminal()
            time.sleep(0.02)
        if self._runs() and not self._closed():
            self.wrong("the run does not come to its end")
        self._end_executor(signal.SIGINT)
        for _ in range(TURNS):
            known = self.place.rundir.is_run()
            code = self._say("the rest", "run", str(self.place.rundir.path) if known else target)
            if code in (0, 4) and self._closed():
                return
            time.sleep(0.1)
        self.wrong(f"not closed after {TURNS} executors: exit {code}: {self.words[-1000:]}")

    def _finish_copy(self, copy: Place) -> None:
        for _ in range(TURNS):
            code = self._say("a copy", "run", str(copy.rundir.path), "--rehome", place=copy)
            if code in (0, 4):
                return
            time.sleep(0.1)
        self.wrong(f"the copy is not closed: exit {code}: {self.words[-1000:]}")
