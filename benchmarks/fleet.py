"""What a list of 200 runs costs: first page, reading all, idle, and memory.

Beside it a Textual app of one label: what no Textual program can beat.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.executing import spec
from benchmarks.measure import command, row, title
from benchmarks.replaying import journal
from benchmarks.results import Beside
from benchmarks.watching import IDLE, LABEL, TUI, Terminal
from pbt_tui.journal import RunDir
from pbt_tui.spec import decode

RUNS = 200
LARGE = {7: 10_000, 77: 30_000, 150: 50_000}
"""Number of jobs of three of the runs; the others have 100."""


def main(_: int) -> None:
    title("a list of 200 runs, 200x50")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "train_dir"
        for k in range(RUNS):
            _run_directory(root, k, LARGE.get(k, 100))
        command("ours", [TUI, str(root)])
        ratios, costs, memory, idle, count, total = [], [], 0.0, 0.0, 0, 0.0
        for last in (False, False, False, False, True):
            bare = Terminal([sys.executable, "-c", LABEL])
            floor = bare.until(b"00000_j")
            bare.close()
            ours = Terminal([TUI, str(root)])
            ratios.append(ours.until(b"run_010") / floor)
            costs.append(ours.cpu)
            if last:
                ours.read(8.0)
                total, memory = ours.cpu, ours.memory
                count = ours.read(IDLE)
                idle = (ours.cpu - total) / IDLE * 100
            ours.close()
        ratio, cost = statistics.median(ratios), statistics.median(costs)
        beside = Beside("an app of one label", "", ratio, floor=True)
        row("first page / an app of one label", f"{ratio:.1f}x", "<= 3", (ratio,), beside)
        row("  processor time of the first page", f"{cost:.2f} s", "<= 0.6 s", (cost,))
        row("  that of reading all 110,000 jobs, too", f"{total:.2f} s")
        row("  memory once all is read", f"{memory:.0f} MB", "<= 60 MB", (memory,))
        figure = f"{idle:.2f} % CPU, {count / IDLE:.0f} B/s"
        row("nothing changing", figure, "<= 0.3 %, 0 B/s", (idle, count / IDLE))


def _run_directory(root: Path, number: int, jobs: int) -> None:
    rundir = RunDir(root / f"run_{number:03d}" / "_pbt")
    rundir.path.mkdir(parents=True)
    data = spec(root, jobs, 64, ("true",)).read_bytes()
    rundir.spec.write_bytes(data)
    journal(rundir.journal, decode(data))
