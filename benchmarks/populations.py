"""What reading populations costs: a tick of the monitor, all of a workspace at once, an export.

Beside each what nobody can spare: looking at the folders, reading the files, encoding the result.
CPU seconds of this process, because the disk of a busy machine has a pace of its own.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.measure import paired, row, title
from benchmarks.results import Beside
from pbt_tui.observe.lineage_document import (
    PopulationHistory,
    lineage_document,
    lineage_table,
    schedule_document,
)
from pbt_tui.observe.lineage_svg import lineage_svg
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.snapshot import encode, workspace_snapshot
from pbt_tui.observe.workspaces import changes

BEGIN = 1_700_000_000.0
INTERVAL = 60.0
"""Seconds between two generations of a member."""
TICKS = 40
STARTS = 5
"""Generations between two starts of a member, each with another name and another parameter."""


def write(root: Path, member: int, number: int) -> None:
    """One generation, as rl_games writes it."""
    path = root / f"{member:03d}" / f"{number:06d}.yaml"
    at = BEGIN + INTERVAL * number + member * INTERVAL / 1000
    start = (number + member) // STARTS
    rate = number_in_yaml((member * 31 + start * 7) % 97 / 1e5)
    path.with_suffix(".pth").write_bytes(b"w")
    os.utime(path.with_suffix(".pth"), (at - 0.01, at - 0.01))
    path.write_text(
        f"checkpoint: /w/{path.parent.name}/{path.stem}.pth\n"
        f"experiment_name: start-{member}-{start}\n"
        f"frame: {number * 6000}\n"
        f"iteration: {number}\n"
        "params:\n"
        f"  agent.params.config.gamma: 0.99{start % 7}\n"
        f"  agent.params.config.learning_rate: {rate}\n"
        "  agent.params.config.e_clip: 0.2\n"
        f"pbt_checkpoint: /w/{path.parent.name}/{path.stem}.yaml\n"
        f"true_objective: {number * 0.5 + (member * 37 + number * 11) % 19}\n"
    )
    os.utime(path, (at, at))


def number_in_yaml(value: float) -> str:
    """A number as PyYAML writes it: without the point, `1e-05` would be a text."""
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


def workspace(root: Path, members: int, generations: int) -> Path:
    for member in range(members):
        (root / f"{member:03d}").mkdir(parents=True)
        for number in range(1, generations + 1):
            write(root, member, number)
    return root


def settle(folder: Path, count: int) -> None:
    """Dates the change of a folder back: else each tick of the next seconds lists it again."""
    at = time.time() - 60 + count / 1000
    os.utime(folder, (at, at))


def cpu(what: Callable[[], object]) -> Callable[[], float]:
    """Makes a function that returns the CPU seconds of a call."""

    def measured() -> float:
        before = time.process_time()
        what()
        return time.process_time() - before

    return measured


def ticks(root: Path, members: int, generations: int) -> None:
    monitor = PopulationMonitor("p", "isaaclab", root)
    monitor.poll()
    now = BEGIN + INTERVAL * (generations + TICKS)
    written = [generations]

    def tick() -> None:
        for _ in range(TICKS):
            monitor.poll()
            monitor.row({}, now)

    def look() -> None:
        for _ in range(TICKS):
            for member in range(members):
                os.stat(root / f"{member:03d}")  # noqa: PTH116

    def one_more() -> float:
        total = 0.0
        written[0] += 1
        for member in range(TICKS):
            write(root, member % members, written[0] + member // members)
            settle(root / f"{member % members:03d}", written[0])
            before = time.process_time()
            monitor.poll()
            monitor.row({}, now)
            total += time.process_time() - before
        return total

    what = f"tick, {members} members x {generations:,} generations"
    ours, _, ratio = paired(cpu(tick), cpu(look), 5)
    beside = _floor(f"{members} folders' times", ours, ratio, TICKS)
    limit = ("<= 2 ms CPU", (ours / TICKS * 1000,))
    row(f"{what}, nothing new / {members} folders' times", _ms(ours, ratio), *limit, beside)
    ours, _, ratio = paired(one_more, cpu(look), 5)
    beside = _floor(f"{members} folders' times", ours, ratio, TICKS)
    row("  one generation new", _ms(ours, ratio), "<= 2 ms CPU", (ours / TICKS * 1000,), beside)


def from_nothing(root: Path, members: int, generations: int) -> None:
    def read() -> None:
        for folder in sorted(root.iterdir()):
            for file in folder.glob("*.yaml"):
                file.read_bytes()

    ours, _, ratio = paired(cpu(lambda: encode(workspace_snapshot(root))), cpu(read), 1)
    row(
        f"{members:,} x {generations} generations up to JSON / their bytes",
        f"{ours:.2f} s = {ratio:.1f}x",
        "<= 3 s CPU",
        (ours,),
        _floor("reading the files", ours, ratio),
    )


def exports(root: Path, members: int, generations: int) -> None:
    monitor = PopulationMonitor("p", "isaaclab", root)
    monitor.poll()

    def export() -> bytes:
        history = PopulationHistory(
            monitor.name, monitor.style, monitor.size, monitor.lineage,
            monitor.best_generation(), changes(monitor.reader),
        )  # fmt: skip
        documents = (lineage_document("r", [history]), schedule_document("r", [history]))
        lineage_table([history])
        lineage_svg("r", [history])
        return b"".join(msgspec.json.format(msgspec.json.encode(one)) for one in documents)

    document = [json.loads(part) for part in export().replace(b"\n}{", b"\n}\0{").split(b"\0")]
    ours, _, ratio = paired(cpu(export), cpu(lambda: json.dumps(document, indent=2)), 3)
    row(
        f"lineage of {members} x {generations} as csv, json and svg / JSON",
        f"{ours:.2f} s = {ratio:.1f}x",
        "<= 1 s CPU",
        (ours,),
        _floor("encoding JSON", ours, ratio),
    )


def _floor(name: str, ours: float, ratio: float, times: int = 1) -> Beside:
    """What nobody can spare, beside ours."""
    both = (f"{seconds / times * 1000:.2f} ms" for seconds in (ours / ratio, ours))
    return Beside(name, next(both), ratio, next(both), floor=True)


def _ms(seconds: float, ratio: float) -> str:
    return f"{seconds / TICKS * 1000:.2f} ms = {ratio:.1f}x"


def main(_: int) -> None:
    title("populations, seconds of CPU")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        ticks(workspace(here / "ticks", 64, 1000), 64, 1000)
        from_nothing(workspace(here / "many", 1000, 50), 1000, 50)
        exports(workspace(here / "export", 8, 400), 8, 400)
