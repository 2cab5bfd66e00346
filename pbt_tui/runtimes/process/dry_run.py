"""What the `process` runtime would start, as shell commands."""

from __future__ import annotations

from collections.abc import Iterator

from pbt_tui.errors import command
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.planned_starts import PlannedStarts, one_by_one
from pbt_tui.runtimes.protocol import Launch


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    """One command for each attempt. It runs the attempt in the terminal, without a log."""

    def line(launch: Launch) -> list[str]:
        # `env` starts programs only, not a builtin such as `echo`, and sets variables whose names a
        # shell cannot hold.
        names = [f"{name}={value}" for name, value in sorted(launch.env.items())]
        words = command("env", *names, *launch.argv)
        if launch.spec.dir:
            folder = command(str(context.train_dir / launch.spec.dir))
            words = f"mkdir -p {folder} && {words}"
        return [words]

    return one_by_one(starts, line)
