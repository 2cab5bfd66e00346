"""What the `process` runtime would start, as lines for a shell.

Must not start anything.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.planned_starts import PlannedStarts, one_by_one
from pbt_tui.runtimes.protocol import Launch


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    """One line for each attempt, which runs it on the terminal instead of into its log."""

    def line(launch: Launch) -> list[str]:
        # `env` starts programs alone: not the shell's own `echo`, and names that no shell can hold.
        names = [f"{name}={value}" for name, value in sorted(launch.env.items())]
        words = shlex.join(["env", *names, *launch.argv])
        if launch.spec.dir:
            words = f"mkdir -p {shlex.quote(str(context.train_dir / launch.spec.dir))} && {words}"
        return [words]

    return one_by_one(starts, line)
