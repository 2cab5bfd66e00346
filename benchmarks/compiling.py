"""How much a job costs from a run module to a written, validated spec file."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import machine, others
from benchmarks.measure import (
    PASS,
    Run,
    command,
    left_out,
    paired,
    point,
    row,
    run,
    title,
    versions,
)  # fmt: skip
from benchmarks.results import Beside

COMPILE = [str(Path(sys.executable).with_name("pbt-compile"))]
MODULE = others.GRID.replace("{package}", "pbt_tui")
LARGEST = 100_000
"""Jobs of the largest run that others expand, too."""


def main(most: int) -> None:
    title("compiling: CPU of the whole command, child process and start-up included")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for argv, what, target in (
            ([*COMPILE, "--help"], "pbt-compile --help / python -c pass", "<= 5x"),
            ([*COMPILE, "small.py", "--out", "out"], "small module / python -c pass", "<= 10x"),
        ):
            (here / "small.py").write_text(MODULE.format(n=20))
            ours = partial(_wall, argv, here)
            mine, floor, ratio = paired(ours, partial(_wall, PASS, here), 9)
            beside = Beside(
                "python -c pass", f"{floor * 1000:.0f} ms", ratio, f"{mine * 1000:.0f} ms",
                floor=True,
            )  # fmt: skip
            row(what, f"{ratio:.1f}x", target, (ratio,), beside)
        sizes = [n for n in (100, 1_000, 10_000, LARGEST) if n <= most]
        base, each = _expand(here, sizes)
        n = sizes[-1]
        if n > sizes[0]:
            runs = [run([*COMPILE, "many.py", "--out", "both"], cwd=here) for _ in range(3)]
            more = (sorted(r.cpu for r in runs)[1] - base.cpu) / (n - 100) * 1e6 - each
            row(f"{n} jobs: what the files for SLURM cost more", f"{more:.1f} us a job")
            _validate(here, sizes)
        _million(here, most)
        for old, what in (("1e-4", "half of them"), ("3e-4", "and the other")):
            source = (here / "many.py").read_text().replace(old, "5e-4")
            (here / "many.py").write_text(source)
            diff = run([*COMPILE, "many.py", "--out", f"out{n}", "--diff"], cwd=here)
            row(f"--diff of {n:,} jobs: {what} changed", f"{diff.cpu:.2f} s")
        if each > 0:
            _beside(here, each, n)


def _expand(here: Path, sizes: list[int]) -> tuple[Run, float]:
    """The run of the fewest jobs, and microseconds for one job more of the most."""
    base: Run | None = None
    each = 0.0
    for n in sizes:
        (here / "many.py").write_text(MODULE.format(n=n))
        argv = [*COMPILE, "many.py", "--out", f"out{n}", "--backend", "processes"]
        command(f"{n:,} jobs", argv)
        runs = [run(argv, cwd=here) for _ in range(3)]
        assert all(r.code == 0 for r in runs)
        best = sorted(runs, key=lambda r: r.cpu)[1]
        point("compile", "pbt-compile", n, best.cpu)
        what = f"{n} jobs: expand, validate, write"
        if base is None:
            base = best
            row(what, f"{best.cpu:.2f} s")
            continue
        each = (best.cpu - base.cpu) / (n - sizes[0]) * 1e6
        memory = (best.memory - base.memory) / (n - sizes[0]) / 1024
        figure = f"{each:.1f} us, {memory:.2f} KB a job"
        target = "<= 12 us, <= 1.5 KB a job"
        row(what, figure, *((target, (each, memory)) if n == LARGEST else ()))
    assert base is not None
    return base, each


def _validate(here: Path, sizes: list[int]) -> None:
    costs = []
    for n in sizes:
        argv = [*COMPILE, "--validate", f"out{n}/bench/processes.json"]
        costs.append(sorted(run(argv, cwd=here).cpu for _ in range(3))[1])
        point("compile", "--validate", n, costs[-1])
    command("--validate", argv)
    each = (costs[-1] - costs[0]) / (sizes[-1] - sizes[0]) * 1e6
    row(f"--validate of {sizes[-1]:,} jobs", f"{each:.1f} us a job", "<= 5 us", (each,))


def _million(here: Path, most: int) -> None:
    if most < 1_000_000:
        left_out("1,000,000 jobs: `--most` is less")
        return
    (here / "million.py").write_text(MODULE.format(n=1_000_000))
    argv = [*COMPILE, "million.py", "--out", "million", "--backend", "processes"]
    done = run(argv, cwd=here)
    assert done.code == 0
    figure = f"{done.cpu:.1f} s, {done.memory / 1e9:.2f} GB"
    target = "<= 12 s, <= 1.2 GB"
    row("1,000,000 jobs: the whole command", figure, target, (done.cpu, done.memory / 1e9))
    point("compile", "pbt-compile", 1_000_000, done.cpu)
    check = run([*COMPILE, "--validate", "million/bench/processes.json"], cwd=here)
    point("compile", "--validate", 1_000_000, check.cpu)


def _wall(argv: list[str], cwd: Path) -> float:
    return run(argv, cwd=cwd).wall


def _beside(here: Path, ours: float, most: int) -> None:
    with others.installed() as python:
        if python is None:
            left_out("torchx, Hydra and NumPy cannot be installed here")
            return
        versions(machine.package_versions(python, ("torchx", "hydra-core")))
        found = [*others.upstream(python, here, 100, most), *others.each(python, here)]
        for name, seconds in found:
            ratio = ours / (seconds * 1e6)
            beside = Beside(name, f"{seconds * 1e6:.1f} us", ratio, f"{ours:.1f} us")
            figure = f"{seconds * 1e6:.1f} us, {1 / ratio:.1f}x"
            row(f"{name} / a job of ours", figure, beside=beside)
        if not os.environ.get("PBT_UPSTREAM"):
            left_out("the upstream launchers: `PBT_UPSTREAM` names no checkouts")
