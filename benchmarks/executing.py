"""What a job costs to start, follow and record, against `xargs -P`, which records nothing, and
against HyperQueue and submitit, where they can be installed.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import machine, others
from benchmarks.measure import Run, command, left_out, row, run, title, versions
from benchmarks.results import Beside
from pbt_tui.runtimes.process import descendants
from pbt_tui.runtimes.process.descendants import Family
from pbt_tui.spec import FORMAT, Job, Policy, Processes, encode

ROUNDS = 5
SLOW_ROUNDS = 1
"""Of submitit, which takes minutes for 1,000 jobs."""
LOOKS = 200
MOST_PIDS = 1 << 22
"""No process has this number."""
RUN = [sys.executable, "-m", "pbt_tui.cli.run"]


def spec(folder: Path, n: int, parallel: int, argv: tuple[str, ...]) -> Path:
    """A spec of `n` jobs of one command."""
    jobs = tuple(
        Job(
            id=f"{i:05d}_j", experiment="e", name=f"{i:05d}_j", argv=argv, env={}, dir="", params={}
        )
        for i in range(n)
    )
    made = Processes(
        format=FORMAT,
        run=f"bench{n}",
        module="bench",
        train_dir="./train_dir",
        policy=Policy(max_parallel=parallel, pause_between=0.0),
        container=None,
        populations=(),
        jobs=jobs,
    )
    path = folder / f"{n}.json"
    path.write_bytes(encode(made))
    return path


def main(most: int) -> None:
    title("executing plain processes, pause_between 0, exit codes kept through a killed executor")
    with tempfile.TemporaryDirectory() as folder, _both() as (python, slow):
        here = Path(folder)
        versions({"xargs": machine.said(["xargs", "--version"]).rpartition(" ")[2]})
        (here / "n").write_text("".join(f"{i}\n" for i in range(1000)))
        (here / "hq.py").write_text(others.HYPERQUEUE)
        (here / "submitit_jobs.py").write_text(others.SUBMITIT)
        for name, interpreter in (("hyperqueue", python), ("submitit", slow)):
            if interpreter is None:
                left_out(f"{name} cannot be installed here")
            else:
                versions(machine.package_versions(interpreter, (name,)))
        for parallel in (2, 8):
            _throughput(here, parallel, python)
        _strays()
        _gap(here, python)
        if most >= 10_000:
            _memory(here)
        else:
            left_out("10,000 jobs: `--most` is less")
        if slow is not None:
            spec(here, 1000, 8, ("true",))
            _submitit(here, 8, slow)


@contextmanager
def _both() -> Iterator[tuple[Path | None, Path | None]]:
    """The interpreters that have HyperQueue and submitit."""
    with others.installed(("hyperqueue",)) as one, others.installed(("submitit",)) as other:
        yield one, other


def _throughput(here: Path, parallel: int, python: Path | None) -> None:
    """Whole commands, start and end included, in turn."""
    spec(here, 1000, parallel, ("true",))
    commands = {
        "ours": [*RUN, "1000.json", "--fresh"],
        "xargs": ["xargs", "-a", "n", f"-P{parallel}", "-n1", "true"],
    }
    if python is not None:
        commands["HyperQueue"] = [str(python), "hq.py", "1000", str(parallel), "true"]
    for name, argv in commands.items():
        command(f"{name}, {parallel} at once", argv)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, argv in commands.items():
            began = time.time()
            done = run(argv, cwd=here)
            assert done.code == 0, name
            if name == "HyperQueue":  # its client looks only once a second whether all have ended
                last = max(file.stat().st_mtime for file in here.glob("*.stdout"))
                done = replace(done, wall=last - began)
            if number:
                runs[name].append(done)
    for name in list(runs)[1:]:
        both = list(zip(runs["ours"], runs[name], strict=True))
        wall, cpu = (
            statistics.median(getattr(a, kind) / getattr(b, kind) for a, b in both)
            for kind in ("wall", "cpu")
        )
        seconds = [statistics.median(r.wall for r in some) for some in zip(*both, strict=True)]
        figure = f"{seconds[0]:.2f} / {seconds[1]:.2f} s = {wall:.2f}x, CPU {cpu:.2f}x"
        target = "<= 2.5x" if name == "xargs" else "< 1x"
        floor = name == "xargs"
        beside = Beside(
            name, f"{seconds[1]:.2f} s", wall, f"{seconds[0]:.2f} s", round(cpu, 2), floor
        )
        what = f"1,000 x `true`, {parallel} at once / {name}"
        row(what, figure, target, (wall,), beside)


def _submitit(here: Path, parallel: int, python: Path) -> None:
    """The same 1,000 jobs; every job of submitit starts a Python."""
    argvs = (
        [*RUN, "1000.json", "--fresh"],
        [str(python), "submitit_jobs.py", "1000", str(parallel), "true"],
    )
    command(f"submitit, {parallel} at once", argvs[1])
    for _ in range(SLOW_ROUNDS):
        ours, theirs = (run(argv, cwd=here) for argv in argvs)
        assert (ours.code, theirs.code) == (0, 0)
    wall, cpu = ours.wall / theirs.wall, ours.cpu / theirs.cpu
    beside = Beside(
        "submitit, local", f"{theirs.wall:.0f} s", wall, f"{ours.wall:.2f} s", round(cpu, 4)
    )
    figure = f"{ours.wall:.2f} / {theirs.wall:.0f} s = {wall:.3f}x"
    row(f"1,000 x `true`, {parallel} at once / submitit, local", figure, "< 1x", (wall,), beside)


def _strays() -> None:
    """One look for each end; an executor makes one look for all ends of a turn of its loop."""
    figures = []
    for ours in (True, False):
        costs = []
        for _ in range(5):
            began = time.process_time()
            for number in range(LOOKS):
                gone = f"{MOST_PIDS}.{number}"
                assert descendants.find([Family(gone, {secrets.randbits(63)}, ours)]) == [[]]
            costs.append((time.process_time() - began) * 1000 / LOOKS)
        figures.append(f"{min(costs):.2f}")
    figure = f"{figures[0]} ms; of an adopted job {figures[1]} ms"
    what = "the check for what a job has left, processor time a job"
    row(what, figure, "<= 1 ms", (float(figures[0]),))


def _gap(here: Path, python: Path | None) -> None:
    """A job's last breath to the next one's first: both say the time as they live."""
    script = 'date +%s%N >>"$0.$$"; sleep 0.2; date +%s%N >>"$0.$$"'
    found = {}
    for name in ("ours", "xargs", *(("HyperQueue",) if python else ())):
        stamps = here / f"stamps_{name}"
        stamps.mkdir()
        argv = ("sh", "-c", script, str(stamps / "t"))
        if name == "ours":
            run([*RUN, str(spec(here, 40, 2, argv)), "--fresh"], cwd=here)
        elif name == "xargs":
            run(["xargs", "-a", "n", "-P2", "-n25", *argv], cwd=here)
        else:
            run([str(python), "hq.py", "40", "2", *argv], cwd=here)
        found[name] = statistics.median(_gaps(stamps))
    figure = f"{' / '.join(f'{gap:.1f}' for gap in found.values())} ms"
    what = f"gap between two jobs on one of 2 slots, median: {' / '.join(found)}"
    name, theirs = list(found.items())[-1]
    beside = Beside(name, f"{theirs:.1f} ms", found["ours"] / theirs, figure, floor=name == "xargs")
    row(what, figure, "<= 2.5 ms", (found["ours"],), beside)


def _gaps(stamps: Path) -> list[float]:
    """For each end the start that took its place, in milliseconds."""
    spans = [[int(t) for t in p.read_text().split()] for p in stamps.iterdir()]
    starts = sorted(s[0] for s in spans)[2:]
    ends = sorted(s[1] for s in spans)
    return [(start - end) / 1e6 for start, end in zip(starts, ends, strict=False)]


def _memory(here: Path) -> None:
    path = spec(here, 10_000, 8, ("true",))
    done = run([*RUN, str(path), "--fresh"], cwd=here)
    memory = done.memory / 2**20
    row("executor with 10,000 jobs, peak memory", f"{memory:.0f} MB", "<= 100 MB", (memory,))
