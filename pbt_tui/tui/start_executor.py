"""Starts a detached executor with the command that a person would type: `pbt-run --detach`.

Must not import the executor.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from pbt_tui.errors import command


def shown(target: str | Path, more: Sequence[str] = ()) -> str:
    """The command for people."""
    return command("pbt-run", target, "--detach", *more)


class StartedExecutor(Struct, frozen=True):
    code: int
    stdout: str
    stderr: str


def executor(target: str | Path, more: Sequence[str] = (), timeout: float = 120) -> StartedExecutor:
    """Runs `pbt-run TARGET --detach` and waits until its executor holds the run."""
    argv = [sys.executable, "-m", "pbt_tui.cli.run", str(target), "--detach", *more]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return StartedExecutor(
            5, "", f"error: `pbt-run --detach` did not return within {timeout:g} s"
        )
    return StartedExecutor(done.returncode, done.stdout, done.stderr)
