"""Rounds of commands side by side: A B A B, so that a machine that slows down slows both.

Must not judge: it prints medians and ratios, with the target beside them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """Runs it once, output thrown away; CPU and memory from the kernel's own accounting.

    Its Python keeps the bytecode of modules, as an installed package does.
    """
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**inherited, **(env or {})},
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


_with_target: list[tuple[str, str, str]] = []
"""The rows that have a target, in the order in which they were measured."""


def row(what: str, figure: str, target: str = "") -> None:
    print(f"  {what:<58} {figure:>22}   {target}", flush=True)
    if target:
        _with_target.append((what.strip(), figure, target))


def targets() -> None:
    """All figures of this run that have a target, in one table."""
    title("targets, each beside what it is compared with in this run")
    cells = [("what", "figure", "target"), *_with_target]
    widths = [max(len(line[k]) for line in cells) for k in range(3)]
    for line in cells:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {text.rstrip()}", flush=True)


def title(text: str) -> None:
    print(f"\n{text}", flush=True)
