"""`pbt-run` whose commands of `--on_end` and `--on_failure` are ended after a second."""

from __future__ import annotations

from pbt_tui.cli.run import entry
from pbt_tui.executor.telling import commands

if __name__ == "__main__":
    commands.LIMIT = 1.0
    entry()
