"""What the screen costs: first paint, idle, and memory, over a real pseudo-terminal.

Beside it a Textual app of one label: what no Textual program can beat.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.executing import spec
from benchmarks.measure import command, left_out, row, title
from benchmarks.replaying import journal
from benchmarks.results import Beside
from pbt_tui.journal import RunDir
from pbt_tui.spec import decode

TUI = str(Path(sys.executable).with_name("pbt-tui"))
LABEL = (
    "from textual.app import App\nfrom textual.widgets import Label\n"
    "class A(App):\n    def compose(self): yield Label('00000_j')\nA().run()\n"
)
IDLE = 10.0
"""Seconds over which idling is counted."""


class Terminal:
    """A program on a pseudo-terminal of 200x50."""

    def __init__(self, argv: list[str], env: Mapping[str, str] | None = None) -> None:
        self.began = time.perf_counter()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env={**environment, **(env or {})},
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def until(self, text: bytes, timeout: float = 30.0) -> float:
        """Seconds from the start until `text` was painted."""
        seen = b""
        while time.perf_counter() - self.began < timeout:
            if select.select([self.master], [], [], 0.5)[0]:
                seen += os.read(self.master, 65536)
                if text in seen:
                    return time.perf_counter() - self.began
        raise TimeoutError(text)

    def send(self, keys: bytes) -> None:
        """Types keys."""
        os.write(self.master, keys)

    def read(self, seconds: float) -> int:
        """Bytes written within that time."""
        count, end = 0, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                count += len(os.read(self.master, 65536))
        return count

    def settle(self, timeout: float = 60.0) -> None:
        """Waits until it has nothing left to read: it needs no processor for a second."""
        end, before = time.perf_counter() + timeout, -1.0
        while self.cpu - before > 0.05 and time.perf_counter() < end:
            before = self.cpu
            self.read(1.0)

    @property
    def cpu(self) -> float:
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident, in MB."""
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def close(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        os.close(self.master)


def main(most: int) -> None:
    title("watching, 200x50")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for jobs, most_memory in ((10_000, 50), (100_000, 120)):
            if jobs > most:
                left_out(f"{jobs:,} jobs: `--most` is less")
                continue
            rundir = run_directory(here, jobs)
            command(f"{jobs:,} jobs", [TUI, str(rundir.path.parent)])
            paints, ratios, memory = [], [], 0.0
            for _ in range(5):
                bare = Terminal([sys.executable, "-c", LABEL])
                floor = bare.until(b"00000_j")
                bare.close()
                ours = Terminal([TUI, str(rundir.path)])
                paints.append(ours.until(b"00000_j"))
                ratios.append(paints[-1] / floor)
                ours.settle()
                memory = ours.memory
                ours.close()
            paint, ratio = statistics.median(paints), statistics.median(ratios)
            row(
                f"first paint with {jobs:,} jobs / an app of one label",
                f"{paint * 1000:.0f} ms = {ratio:.1f}x",
                "<= 1.3x",
                (ratio,),
                Beside(
                    "an app of one label", f"{paint / ratio * 1000:.0f} ms", ratio,
                    f"{paint * 1000:.0f} ms", floor=True,
                ),
            )  # fmt: skip
            target = f"<= {most_memory} MB"
            what = f"  memory once all {jobs:,} jobs are read"
            row(what, f"{memory:.0f} MB", target, (memory,))
        ours = Terminal([TUI, str(run_directory(here, 10_000).path)])
        ours.until(b"00000_j")
        ours.settle()
        before = ours.cpu
        count = ours.read(IDLE)
        share = (ours.cpu - before) / IDLE * 100
        ours.close()
        figure = f"{share:.2f} % CPU, {count / IDLE:.0f} B/s"
        row("nothing changing", figure, "<= 0.3 %, 0 B/s", (share, count / IDLE))


def run_directory(here: Path, jobs: int) -> RunDir:
    """A run whose jobs have all failed."""
    rundir = RunDir(here / f"run{jobs}" / "_pbt")
    if not rundir.is_run():
        rundir.path.mkdir(parents=True)
        data = spec(here, jobs, 64, ("true",)).read_bytes()
        rundir.spec.write_bytes(data)
        journal(rundir.journal, decode(data))
    return rundir
