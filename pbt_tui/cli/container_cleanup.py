"""`--list` and `--clean`: containers with our labels that are still on the engine.

Must not touch anything without our labels, nor a run that somebody executes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import RunError, UsageError, printable
from pbt_tui.journal import RunDir, lock
from pbt_tui.journal.status_text import duration

if TYPE_CHECKING:
    from pbt_tui.runtimes.docker.leftovers import Left

_OVER = ("created", "exited", "dead")


def show(args: argparse.Namespace) -> int:
    """Shows them, and removes those asked for; the exit code. Raises `RuntimeUnavailable`."""
    from pbt_tui.runtimes.docker import leftovers

    if args.target or args.run:
        raise UsageError("`--list` and `--clean` are about every run: they take no target")
    found = leftovers.leftovers()
    if not found:
        print("no container of ours is left")
        return 0
    now = time.time()
    rows = [
        (
            printable(one.run) or "?",
            one.run_id,
            f"{printable(one.job)}.{one.attempt}",
            one.state,
            f"{duration(max(now - one.created, 0))} old",
            one.id[:12],
        )
        for one in found
    ]
    for row in (("RUN", "RUN ID", "ATTEMPT", "STATE", "AGE", "CONTAINER"), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, _widths(rows), strict=True)))
    return _clean(found, args.clean) if args.clean else 0


def _clean(found: Sequence[Left], which: str) -> int:
    from pbt_tui.runtimes.docker import leftovers

    found = [one for one in found if not _executed(one)]
    chosen = [one for one in found if which == "all" or one.state in _OVER]
    wrong = leftovers.clean([one.id for one in chosen])
    kept = len(found) - len(chosen)
    print(f"removed {len(chosen) - len(wrong)} of {len(found)}")
    if kept:
        print(f"hint: {kept} still running: end them with `--clean all`, or with their run")
    if wrong:
        name, words = next(iter(wrong.items()))
        raise RunError(f"{len(wrong)} cannot be removed: `{name[:12]}`: {words}")
    return 0


def _executed(one: Left) -> bool:
    """Its run has an executor: what has ended there may not be recorded yet."""
    return bool(one.rundir) and lock.holder(RunDir(Path(one.rundir)).lock) is not None


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    heads = ("RUN", "RUN ID", "ATTEMPT", "STATE", "AGE", "CONTAINER")
    return [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
