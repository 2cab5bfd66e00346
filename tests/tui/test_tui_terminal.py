"""On a pseudo-terminal: no output when nothing changes, and an end when the terminal closes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from tests.executor.running import PATIENCE
from tests.tui.journals import Story, typical


class Terminal:
    PROGRAM: ClassVar[tuple[str, ...]] = (sys.executable, "-m", "pbt_tui.cli.tui")

    def __init__(self, *argv: str, size: tuple[int, int] = (80, 24), **env: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color"} | env)
            # Where pytest imports readline, that puts the size of another terminal into the
            # environment: of the workers, and of the C library, which `execv` would pass on.
            for name in ("TMUX", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.execve(self.PROGRAM[0], [*self.PROGRAM, *argv], dict(os.environ))
        self.resize(*size)
        self.seen = b""
        self.over = False

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds, or until the program ends."""
        found, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.fd], [], [], left)
            if ready:
                try:
                    data = os.read(self.fd, 1 << 16)
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    self.over = True
                    break
                found += data
        self.seen += found
        return found

    def wait_for(self, words: bytes, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while words not in self.seen and not self.over and time.monotonic() < end:
            self.read(0.05)
        assert words in self.seen, self.seen[-2000:]

    def settle(self) -> None:
        """Until nothing has come for most of a second: other tests may keep the machine busy."""
        while self.read(1.2) and not self.over:
            pass

    def answer(self, keys: str, seconds: float = PATIENCE) -> None:
        """Until what was pressed has had its first effect."""
        end = time.monotonic() + seconds
        while keys and not self.read(0.05) and not self.over and time.monotonic() < end:
            pass

    def press(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def ended(self, seconds: float = PATIENCE) -> int:
        """The exit status; fails if it does not end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return status
            time.sleep(0.02)
        raise AssertionError("it did not end")

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def story(here: Path) -> Story:
    return typical(Path("_pbt"))


@pytest.fixture
def alive(story: Story) -> Iterator[None]:
    """This process plays the executor."""
    lock.acquire(story.rundir.lock)
    yield
    lock.release(story.rundir.lock)


def now_running(story: Story) -> None:
    """A job that began a minute and a half ago, by the clock on the wall."""
    story.at = time.time() - 90
    story.start("16_ant_pbt").flush()


@pytest.mark.usefixtures("alive")
def test_nothing_is_written_while_nothing_happens(story: Story) -> None:
    """On any screen, with any dialog open."""
    now_running(story)
    terminal = Terminal("_pbt")
    try:
        terminal.wait_for(b"% ended")
        for keys in ("", "f", "p", "1l", "q?", "qx"):
            terminal.press(keys)
            terminal.answer(keys)
            terminal.settle()
            written = terminal.read(2.0 if not keys else 1.0)
            assert written == b"", (keys, written)
    finally:
        terminal.close()


@pytest.mark.usefixtures("alive")
def test_one_event_writes_little(story: Story) -> None:
    terminal = Terminal("_pbt", size=(160, 50))
    try:
        terminal.wait_for(b"% ended")
        terminal.press("sp")
        terminal.wait_for(b"plan")
        terminal.settle()
        story.write(ev.AttemptWaiting, 1.0, job="08_ant_pbt", attempt=1, reason="Priority").flush()
        before = len(terminal.seen)
        terminal.wait_for(b"Priority")
        written = terminal.seen[before:]
        assert len(written) < 2_000, "a whole screen is 25 kB"
    finally:
        terminal.close()


@pytest.mark.usefixtures("alive")
def test_leaving_says_how_to_come_back(story: Story) -> None:
    terminal = Terminal("_pbt")
    try:
        terminal.wait_for(b"% ended")
        terminal.press("q")
        terminal.wait_for(b"the run goes on; come back with `pbt-tui _pbt`")
        assert terminal.ended() == 0
    finally:
        terminal.close()


@pytest.mark.usefixtures("alive")
def test_a_closed_terminal_ends_it_and_no_job(story: Story) -> None:
    job = subprocess.Popen(["sleep", "60"], start_new_session=True)
    terminal = Terminal("_pbt")
    try:
        terminal.wait_for(b"% ended")
        os.close(terminal.fd)
        terminal.ended()
        assert job.poll() is None
        assert lock.holder(story.rundir.lock) == os.getpid(), "reading dropped nobody's lock"
    finally:
        terminal.fd = os.open(os.devnull, os.O_RDONLY)
        terminal.close()
        job.kill()
        job.wait()


def test_a_storm_of_sizes(story: Story) -> None:
    terminal = Terminal("_pbt", size=(20, 5))
    try:
        terminal.read(1.0)
        for size in (
            (200, 50),
            (150, 40),
            (80, 24),
            (40, 10),
            (20, 5),
            (250, 60),
            (1, 1),
            (80, 24),
        ):
            terminal.resize(*size)
            terminal.read(0.05)
        terminal.settle()
        terminal.press("q")
        terminal.wait_for(b"come back")
        assert terminal.ended() == 0
        assert b"Traceback" not in terminal.seen
    finally:
        terminal.close()


def test_without_colours(story: Story) -> None:
    terminal = Terminal("_pbt", NO_COLOR="1")
    try:
        terminal.wait_for(b"no executor")
        terminal.press("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()
