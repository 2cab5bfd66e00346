"""What one turn of the event loop costs while a million jobs wait, against a thousand.

The loop is the executor's own; the journal is a real file on the temporary disk, and the runtime
only answers.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from benchmarks.measure import left_out, point, row, title
from pbt_tui.executor.loop import Loop
from pbt_tui.journal import Journal, RunState
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Runtime, Started
from pbt_tui.spec import FORMAT, Job, Policy, Processes

TURNS = 300
PARALLEL = 8
SIZE = 1_000_000


class Answers:
    """A runtime whose attempts have started at once and end in the next turn."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []

    def launch(self, batch: Sequence[Launch]) -> None:
        for one in batch:
            self._facts.append(Started(one.job, one.attempt, "1.1"))
            self._facts.append(Ended(one.job, one.attempt, "1.1", 0, time.time()))

    def facts(self) -> list[Fact]:
        # One attempt ends in a turn.
        facts, self._facts = self._facts[:2], self._facts[2:]
        return facts

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing."""


class NoRequests:
    def new(self) -> list[Any]:
        return []

    def done(self, name: str) -> None:
        """Does nothing."""


class WallClock:
    def now(self) -> float:
        return time.time()


def turns(jobs: int) -> tuple[float, float]:
    """Milliseconds of a turn in which a job ends and another starts: median, and without syncs."""
    spec = Processes(
        format=FORMAT,
        run="waiting",
        module="bench",
        train_dir="./train_dir",
        policy=Policy(max_parallel=PARALLEL, pause_between=0.0),
        container=None,
        populations=(),
        jobs=tuple(
            Job(id=f"{i:07d}", experiment="e", name="n", argv=("x",), env={}, dir="", params={})
            for i in range(jobs)
        ),
    )
    state = RunState(spec)
    gc.collect()
    gc.freeze()  # as long as the state itself
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        loop = Loop(
            state,
            journal=journal,
            runtime=cast(Runtime, Answers()),
            inbox=NoRequests(),
            clock=WallClock(),
            launch_of=lambda job, attempt: cast(Launch, _Named(job.spec.id, attempt.number)),
            diagnose=lambda job, fact: (None, None, None),
        )
        now = time.time()
        loop.record(
            ev.RunOpened(
                format=ev.FORMAT, run_id="0" * 8, run="w", cwd="/", train_dir="/t", digest="d"
            ),
            now,
        )
        loop.record(
            ev.ExecutorStarted(
                pid=os.getpid(),
                host="h",
                boot_id="b",
                runtime="process",
                gpus=(),
                policy=spec.policy,
            ),
            now,
        )
        loop.commit()
        loop.turn()
        wall, cpu = [], []
        for _ in range(min(TURNS, jobs - 2 * PARALLEL)):
            began, used = time.perf_counter(), time.process_time()
            assert loop.turn()
            wall.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        journal.close()
    gc.unfreeze()
    return statistics.median(wall), statistics.median(cpu)


class _Named:
    """As much of a launch as `Answers` reads."""

    def __init__(self, job: str, attempt: int) -> None:
        self.job, self.attempt = job, attempt


def main(most: int) -> None:
    title("a turn of the loop: one job ends, the next one starts, all of it synced")
    sizes = [10**power for power in range(2, 7) if 10**power <= most]
    found = {jobs: turns(jobs) for jobs in sizes}
    for jobs, (wall, cpu) in found.items():
        point("turn", "a turn", jobs, cpu)
        row(f"{jobs:,} jobs wait", f"{wall:.2f} ms, {cpu:.2f} ms CPU", "<= 1 ms", (wall,))
    few, many = sizes[min(1, len(sizes) - 1)], sizes[-1]
    row(f"{many:,} / {few:,}", f"{found[many][1] / found[few][1]:.1f}x CPU")
    if many < SIZE:
        left_out(f"{SIZE:,} jobs: `--most` is less")
