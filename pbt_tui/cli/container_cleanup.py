"""`pbt-run --list` and `--clean`: GPUs in use, and containers that the engine still has.

They are containers with the labels of pbt_tui.

Must not remove a container without these labels, nor one of a run that an executor runs.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import RunError, RuntimeUnavailable, UsageError, printable
from pbt_tui.journal import RunDir, lock
from pbt_tui.journal.status_text import duration

if TYPE_CHECKING:
    from pbt_tui.runtimes.docker.leftovers import Left

HEAD = ("RUN", "RUN ID", "ATTEMPT", "STATE", "AGE", "CONTAINER")
_SOCKET = Path("/var/run/docker.sock")
_OVER = ("created", "exited", "dead")


def show(args: argparse.Namespace) -> int:
    """Lists GPUs and containers, removes the requested ones and returns the exit code.

    Raises `RuntimeUnavailable` if the engine of this machine does not answer.
    """
    from pbt_tui.cli import gpu_list
    from pbt_tui.runtimes.docker import leftovers

    if args.target or args.run:
        raise UsageError("`--list` and `--clean` work on all runs: they take no target")
    if args.list:
        rows = [use.cells for use in gpu_list.uses()]
        lines = gpu_list.table(rows, gpu_list.HEAD) if rows else ["no attempt uses a GPU here"]
        print("\n".join(lines))
    try:
        found = leftovers.leftovers()
    except RuntimeUnavailable:
        if args.clean or "DOCKER_HOST" in os.environ or _SOCKET.exists():
            raise
        print("this machine has no container engine")
        return 0
    if not found:
        print("no containers of earlier runs are left")
        if args.clean:
            _clean_networks()
        return 0
    now = time.time()
    left_rows = [
        (
            printable(left.run) or "?",
            printable(left.run_id),
            f"{printable(left.job)}.{left.attempt}",
            printable(left.state),
            f"{duration(max(now - left.created, 0))} old",
            printable(left.id[:12]),
        )
        for left in found
    ]
    print("\n".join(gpu_list.table(left_rows, HEAD)))
    return _clean(found, args.clean) if args.clean else 0


def _clean(found: Sequence[Left], which: str) -> int:
    from pbt_tui.runtimes.docker import leftovers

    found = [left for left in found if not _has_executor(left)]
    chosen = [left for left in found if which == "all" or left.state in _OVER]
    # Without force: one of them may have been started since they were listed.
    wrong = leftovers.clean([left.id for left in chosen], force=which == "all")
    print(f"removed {len(chosen) - len(wrong)} of {len(found)}")
    _clean_networks()
    started = [name for name, reason in wrong.items() if reason == leftovers.RUNS]
    kept = len(found) - len(chosen) + len(started)
    for name in started:
        del wrong[name]
    if kept:
        print(f"hint: {kept} still running: remove them with `--clean all`, or stop their run")
    if wrong:
        name, reason = next(iter(wrong.items()))
        raise RunError(f"{len(wrong)} cannot be removed: `{name[:12]}`: {reason}")
    return 0


def _clean_networks() -> None:
    """Removes the networks of groups whose run no executor follows, and that have no container."""
    from pbt_tui.runtimes.docker import leftovers

    over = [name for name, rundir in leftovers.networks().items() if not _is_followed(rundir)]
    removed = leftovers.remove_networks(over)
    if removed:
        print(f"removed {removed} {'network' if removed == 1 else 'networks'}")


def _has_executor(left: Left) -> bool:
    """Whether an executor runs its run: the executor may not have recorded the exit code yet."""
    return _is_followed(left.rundir)


def _is_followed(rundir: str) -> bool:
    return bool(rundir) and lock.holder(RunDir(Path(rundir)).lock) is not None
