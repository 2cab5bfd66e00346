"""How much a job costs from a run module to a written, validated spec file."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import others
from benchmarks.measure import PASS, Run, paired, row, run, title

COMPILE = [str(Path(sys.executable).with_name("pbt-compile"))]
MODULE = others.GRID.replace("{package}", "pbt_tui")


def main() -> None:
    title("compiling: CPU of the whole command, child process and start-up included")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for argv, what, target in (
            ([*COMPILE, "--help"], "pbt-compile --help / python -c pass", "<= 5x"),
            ([*COMPILE, "small.py", "--out", "out"], "small module / python -c pass", "<= 10x"),
        ):
            (here / "small.py").write_text(MODULE.format(n=20))
            ours = partial(_wall, argv, here)
            _, _, ratio = paired(ours, partial(_wall, PASS, here), 9)
            row(what, f"{ratio:.1f}x", target)
        base: Run | None = None
        each = 0.0
        for n in (100, 1_000, 10_000, 100_000):
            (here / "many.py").write_text(MODULE.format(n=n))
            argv = [*COMPILE, "many.py", "--out", f"out{n}", "--backend", "processes"]
            runs = [run(argv, cwd=here) for _ in range(3)]
            assert all(r.code == 0 for r in runs)
            best = sorted(runs, key=lambda r: r.cpu)[1]
            base = base or best
            each = (best.cpu - base.cpu) / (n - 100) * 1e6 if n > 100 else 0.0
            memory = (best.memory - base.memory) / (n - 100) / 1024 if n > 100 else 0.0
            figure = f"{best.cpu:.2f} s" if n == 100 else f"{each:.1f} us, {memory:.2f} KB a job"
            row(f"{n} jobs: expand, validate, write", figure, "<= 12 us, <= 1.5 KB a job")
        assert base is not None
        alone = each
        runs = [run([*COMPILE, "many.py", "--out", "both"], cwd=here) for _ in range(3)]
        more = (sorted(r.cpu for r in runs)[1] - base.cpu) / (n - 100) * 1e6 - each
        row(f"{n} jobs: what the files for SLURM cost more", f"{more:.1f} us a job")
        spec = "out100000/bench/processes.json"
        checks = sorted(run([*COMPILE, "--validate", spec], cwd=here).cpu for _ in range(3))
        first = "out100/bench/processes.json"
        least = sorted(run([*COMPILE, "--validate", first], cwd=here).cpu for _ in range(3))
        figure = f"{(checks[1] - least[1]) / (n - 100) * 1e6:.1f} us a job"
        row("--validate of 100,000 jobs", figure, "<= 5 us")
        (here / "million.py").write_text(MODULE.format(n=1_000_000))
        argv = [*COMPILE, "million.py", "--out", "million", "--backend", "processes"]
        done = run(argv, cwd=here)
        assert done.code == 0
        figure = f"{done.cpu:.1f} s, {done.memory / 1e9:.2f} GB"
        row("1,000,000 jobs: the whole command", figure, "<= 12 s, <= 1.2 GB")
        for old, what in (("1e-4", "half of them"), ("3e-4", "and the other")):
            source = (here / "many.py").read_text().replace(old, "5e-4")
            (here / "many.py").write_text(source)
            diff = run([*COMPILE, "many.py", "--out", "out100000", "--diff"], cwd=here)
            row(f"--diff of 100,000 jobs: {what} changed", f"{diff.cpu:.2f} s")
        _beside(here, alone)


def _wall(argv: list[str], cwd: Path) -> float:
    return run(argv, cwd=cwd).wall


def _beside(here: Path, ours: float) -> None:
    with others.installed() as python:
        if python is None:
            print("  left out: torchx, Hydra and NumPy cannot be installed here", flush=True)
            return
        for name, seconds in others.upstream(python, here, 100, 100_000):
            figure = f"{seconds * 1e6:.1f} us, {seconds * 1e6 / ours:.1f}x"
            row(f"the classes of {name} / a job of ours", figure)
        for name, seconds in others.each(python, here):
            figure = f"{seconds * 1e6:.0f} us, {seconds * 1e6 / ours:.0f}x"
            row(f"{name} / a job of ours", figure)
