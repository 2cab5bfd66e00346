"""What `--dry_run` shows of runtime `toyqueue`: the command line of each ticket."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pbt_toy_runtime import ticket
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.planned_starts import PlannedStarts, one_by_one


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    queue = context.rundir.path / "toyqueue"
    boot = proc.boot_id()
    yield shlex.join(["mkdir", "-p", str(queue), str(context.rundir.attempts)])
    yield from one_by_one(starts, lambda launch: [shlex.join(ticket.words(launch, queue, boot))])
