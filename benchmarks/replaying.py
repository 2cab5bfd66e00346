"""How long a journal of 100,000 jobs takes from disk to state, against decoding it alone."""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.executing import spec
from benchmarks.measure import point, row, title
from benchmarks.results import Beside
from pbt_tui.journal import Journal, Tail, replay
from pbt_tui.journal import events as ev
from pbt_tui.journal.state_history import StateHistory
from pbt_tui.spec import Processes, decode

JOBS = 100_000
JUMPS = 30


def journal(path: Path, plan: Processes) -> int:
    """Four events a job, all ended; returns how many events."""
    events: list[ev.AnyEvent] = [
        ev.RunOpened(
            format=ev.FORMAT, run_id="0" * 8, run="b", cwd="/", train_dir="/t", digest="d"
        ),
        ev.ExecutorStarted(
            pid=1,
            host="h",
            boot_id="b",
            runtime="process",
            gpus=(ev.Gpu(index=0),),
            policy=plan.policy,
        ),
    ]
    for job in plan.jobs:
        name = job.id
        events += (
            ev.AttemptScheduled(job=name, attempt=1, gpus=("0",)),
            ev.AttemptStarted(job=name, attempt=1, handle="12.34"),
            ev.StopRequested(job=name, attempt=1, why="timeout"),
            ev.AttemptEnded(
                job=name, attempt=1, outcome="failed", exit_code=1, cause="exit", ended_at=5.0
            ),
        )
    writer = Journal(path)
    writer.append(
        [
            msgspec.structs.replace(e, seq=i, at=1000 + i * 1e-3)
            for i, e in enumerate(events, start=1)
        ]
    )
    writer.close()
    return len(events)


def _jumps(path: Path, plan: Processes, whole: float) -> None:
    """How long the state at another time takes, against folding the whole journal."""
    history = StateHistory(path, plan)
    history.read_all()
    dice, jumps = random.Random(7), []
    for _ in range(JUMPS):
        moment = dice.uniform(history.times[0], history.times[-1])
        began = time.perf_counter()
        history.at(moment)
        jumps.append(time.perf_counter() - began)
    jump = statistics.median(jumps)
    figure = f"{jump * 1000:.0f} ms = {jump / whole:.2f} of the whole"
    what = f"  the state at another time, {JUMPS} jumps"
    row(what, figure, "<= 0.2 of the whole", (jump / whole,))


def main(most: int) -> None:
    title("replay")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for jobs in (one for one in (100, 1_000, 10_000, JOBS) if one <= most):
            path = here / f"journal{jobs}.jsonl"
            plan = decode(spec(here, jobs, 64, ("true",)).read_bytes())
            count = journal(path, plan)
            read, fold = [], []
            for _ in range(5):
                began = time.perf_counter()
                events = Tail(path).read_all()
                half = time.perf_counter()
                replay(plan, events)
                read.append(half - began)
                fold.append(time.perf_counter() - half)
            whole = statistics.median(a + b for a, b in zip(read, fold, strict=True))
            ratio = statistics.median((a + b) / a for a, b in zip(read, fold, strict=True))
            point("replay", "disk to state", jobs, whole)
            point("replay", "decoding alone", jobs, statistics.median(read))
        figure = f"{whole:.2f} s, {ratio:.1f}x decoding"
        beside = Beside("decoding alone", f"{whole / ratio:.2f} s", ratio, floor=True)
        what = f"{jobs} jobs, {count} events, disk to state"
        target = "<= 1.2 s" if jobs == JOBS else ""
        row(what, figure, target, (whole,), beside)
        _jumps(path, plan, whole)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row("  peak memory of that", f"{peak:.0f} MB")
