"""Rounds of commands side by side: A B A B, so that a machine that slows down slows both.

It prints medians and ratios, with the target beside them, and keeps them for the page.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.results import Beside, Measured, Part, met

PASS = [sys.executable, "-c", "pass"]


@dataclass(frozen=True, slots=True)
class Run:
    """One finished command: seconds, and the peak memory of its largest process in bytes."""

    wall: float
    cpu: float
    memory: int
    code: int


def run(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Run:
    """Runs it once, output thrown away; CPU and memory from the kernel's own accounting."""
    began = time.perf_counter()
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, child.returncode)


def paired(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> tuple[float, float, float]:
    """Medians of both and of the ratio within a round, after one round that does not count."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


_recorded: list[Part] = []
"""The parts of this run, the one that is measured now last."""


@contextmanager
def recording(name: str) -> Iterator[Part]:
    """Keeps every row that is printed meanwhile in a part of that name."""
    _recorded.append(Part(name, machine.surroundings()))
    yield _recorded[-1]


def row(
    what: str,
    figure: str,
    target: str = "",
    values: tuple[float, ...] = (),
    beside: Beside | None = None,
) -> Measured:
    """Prints one row, keeps it and returns it.

    Args:
        what: what was measured.
        figure: the figures as people read them.
        target: their limits; see `results.met`.
        values: a number for each limit, in its unit.
        beside: the same work done by another program.
    """
    print(f"  {what:<58} {figure:>22}   {target}", flush=True)
    good = met(target, values) if target else None
    made = Measured(what.strip(), figure, target, good, beside)
    if _recorded:
        _recorded[-1].rows.append(made)
    return made


def left_out(reason: str) -> None:
    """Says what cannot be measured here, and why."""
    print(f"  left out: {reason}", flush=True)
    if _recorded:
        _recorded[-1].left_out.append(reason)


def command(name: str, argv: Sequence[str]) -> None:
    """Keeps a command for the page."""
    if _recorded:
        _recorded[-1].commands[name] = machine.shown(argv)


def versions(found: Mapping[str, str]) -> None:
    """Keeps the versions of programs beside ours; an empty one is not known."""
    if _recorded:
        _recorded[-1].versions.update({name: text for name, text in found.items() if text})


def point(picture: str, line: str, jobs: int, value: float) -> None:
    """Keeps a point of a picture: what a number of jobs costs."""
    if _recorded:
        lines = _recorded[-1].curves.setdefault(picture, {})
        lines.setdefault(line, []).append((jobs, float(f"{value:.4g}")))


def targets() -> None:
    """All figures of this run that have a target, in one table."""
    print("\ntargets, each beside what it is compared with in this run", flush=True)
    cells = [("what", "figure", "target", "")]
    for one in (row for part in _recorded for row in part.rows if row.target):
        cells.append((one.what, one.figure, one.target, "" if one.met else "missed"))
    widths = [max(len(line[k]) for line in cells) for k in range(4)]
    for line in cells:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {text.rstrip()}", flush=True)


def title(text: str) -> None:
    print(f"\n{text}", flush=True)
    if _recorded:
        _recorded[-1].title = text
