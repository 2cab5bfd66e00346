"""What a log of 1 GB costs: its last page, all of its lines counted, a search, and memory.

Beside it lnav and Toolong, each on a terminal of the same size, from its start to the last line.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import machine, others
from benchmarks.measure import command, left_out, row, title, versions
from benchmarks.results import Beside
from benchmarks.watching import TUI, Terminal, run_directory
from pbt_tui.tui.logs.needle import Needle
from pbt_tui.tui.logs.open_log import OpenLog

SIZE = 1_000_000_000
ROUNDS = 3
READ = 20.0
"""Seconds after the last page in which a program reads what it reads in the background."""
LAST = "the last line of this log"


def write(path: Path, size: int) -> None:
    """A log as trainers write it; its last line is known."""
    block = "".join(
        f"2026-01-02 03:04:{n % 60:02d},{n % 1000:03d} INFO epoch {n} fps {n * 7 % 9973}"
        f" mean reward {n * 31 % 997 / 7:.3f} learning rate 3e-4 entropy {n % 89 / 100:.2f}\n"
        for n in range(10_000)
    ).encode()
    with path.open("wb") as file:
        for _ in range(max(1, size // len(block))):
            file.write(block)
        file.write(f"2026-01-02 03:05:00,000 INFO {LAST}\n".encode())


def main(_: int) -> None:
    title("a log of 1 GB, 200x50")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        rundir = run_directory(here, 1)
        log = rundir.log("00000_j", 1)
        log.parent.mkdir(parents=True, exist_ok=True)
        write(log, SIZE)
        with log.open("rb") as file:  # in the cache of the system for each side
            while file.read(1 << 20):
                pass
        ours = [TUI, str(rundir.path)]
        command("ours, then the key `l`", ours)
        mine, keys = _opened(ours, {}, ours=True)
        key = statistics.median(keys)
        row("ours: from the key to the last page", f"{key:.2f} s", "<= 0.3 s", (key,))
        row("  memory once all is read", f"{mine[2]:.0f} MB", "<= 60 MB", (mine[2],))
        _inside(log)
        home = {"HOME": folder, "XDG_CONFIG_HOME": folder, "LANG": "C.UTF-8"}
        with others.unpacked("lnav") as files:
            if files is None:
                left_out("lnav: its Debian package cannot be had here")
            else:
                program = files / "usr/bin/lnav"
                versions({"lnav": machine.said([str(program), "-V"], home).rpartition(" ")[2]})
                _beside("lnav", [str(program), str(log)], home, mine)
        with others.installed(("toolong",)) as python:
            if python is None:
                left_out("Toolong cannot be installed here")
            else:
                versions(machine.package_versions(python, ("toolong", "textual")))
                _beside("Toolong", [str(python.with_name("tl")), str(log)], home, mine)


Costs = tuple[float, float, float]
"""Seconds from the start until the last line is shown, processor time of them, memory in MB."""


def _opened(
    argv: list[str], env: dict[str, str], *, ours: bool = False
) -> tuple[Costs, list[float]]:
    """What a program costs, and for ours the seconds from the key that opens the log."""
    shown, costs, keys, memory = [], [], [], 0.0
    for number in range(ROUNDS):
        terminal = Terminal(argv, env)
        try:
            if ours:
                before = terminal.until(b"00000_j")
                terminal.send(b"l")
            shown.append(terminal.until(LAST.encode(), 120.0))
            costs.append(terminal.cpu)
            if ours:
                keys.append(shown[-1] - before)
            if number == ROUNDS - 1:
                terminal.read(READ)
                memory = terminal.memory
        finally:
            terminal.close()
    return (statistics.median(shown), statistics.median(costs), memory), keys


def _beside(name: str, argv: list[str], env: dict[str, str], ours: Costs) -> None:
    command(name, argv)
    try:
        theirs, _ = _opened(argv, env)
    except (TimeoutError, OSError):
        left_out(f"{name}: it did not show the last line on a pseudo-terminal within two minutes")
        return
    for number, (what, unit) in enumerate(
        (
            ("start until the last line is shown", "s"),
            ("  processor time of it", "s"),
            ("  memory 20 s later", "MB"),
        )
    ):
        a, b = (f"{both[number]:.{2 if unit == 's' else 0}f} {unit}" for both in (ours, theirs))
        ratio = ours[number] / theirs[number]
        figure = f"{a} / {b} = {ratio:.2f}x"
        row(f"{what} / {name}", figure, beside=Beside(name, b, ratio, a))


def _inside(log: Path) -> None:
    """Processor time of counting all lines, and of a search for what is not there."""

    def index() -> None:
        file = OpenLog(log).file
        while file.index(64):
            pass

    def search() -> None:
        file = OpenLog(log).file
        for found in file.search(Needle("no such text", lower=True), 0, False):
            assert found is None

    for what, work in (("all lines counted", index), ("a search through all of it", search)):
        cost = statistics.median(_cpu(work) for _ in range(ROUNDS))
        row(f"{what}, processor time", f"{cost:.2f} s", "<= 1.0 s", (cost,))


def _cpu(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
