"""Starting an executor: as its own program, detached, by the same command that a person types.

Must not know the executor: it is a command line and an exit code.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def shown(target: str | Path, more: Sequence[str] = ()) -> str:
    return shlex.join(["pbt-run", str(target), "--detach", *more])


def executor(target: str | Path, more: Sequence[str] = (), timeout: float = 120) -> tuple[int, str]:
    """Runs `pbt-run TARGET --detach`: its exit code, and what it said (stdout, or its error)."""
    argv = [sys.executable, "-m", "pbt_tui.cli.run", str(target), "--detach", *more]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 5, f"`pbt-run --detach` did not return within {timeout:g} s"
    words = (done.stderr if done.returncode else done.stdout or done.stderr).strip()
    return done.returncode, words
