"""Runs the command of `--on_end` or `--on_failure`: without a shell, and for 30 s at most."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from pbt_tui.errors import UsageError, printable

LIMIT = 30.0
"""Seconds after which a command is told to end."""
GRACE = 2.0
"""Seconds after which a command that does not end is killed."""
_LOOK = 0.05


def words(option: str, text: str) -> tuple[str, ...]:
    """The words of a command, as a shell would split them. Raises `UsageError`.

    Example:
        >>> words("on_end", "notify-send 'the run is over'")
        ('notify-send', 'the run is over')
    """
    try:
        found = tuple(shlex.split(text))
    except ValueError as e:
        raise UsageError(f"`--{option}` is no command: {str(e).lower()}") from e
    if not found or not found[0]:
        raise UsageError(f"`--{option}` needs a command")
    if "\0" in text:
        raise UsageError(f"`--{option}` is no command: it contains a null character")
    return found


def run_command(
    argv: Sequence[str],
    environ: Mapping[str, str],
    cancelled: threading.Event,
    limit: float | None = None,
) -> str | None:
    """Runs a command to its end; returns what went wrong, or None.

    Its output goes nowhere. A command that takes longer than `limit` seconds (None: `LIMIT`), or is
    `cancelled`, is ended with all processes of its group.
    """
    limit = LIMIT if limit is None else limit
    name = f"`{printable(argv[0])}`"
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as e:
        why = e.strerror if isinstance(e, OSError) and e.strerror else type(e).__name__
        return f"{name} cannot be started: {why.lower()}"
    until = time.monotonic() + limit
    while process.poll() is None:
        if time.monotonic() >= until:
            _end(process)
            return f"{name} took longer than {limit:g} s and was ended"
        if cancelled.wait(_LOOK):
            _end(process)
            return f"{name} was ended before it was done"
    code = process.returncode
    if code == 0:
        return None
    return f"{name} ended with {f'exit code {code}' if code > 0 else f'signal {-code}'}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process group. Its leader is reaped last: until then no other group has its id."""
    _signal(process, signal.SIGTERM)
    until = time.monotonic() + GRACE
    while time.monotonic() < until:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        time.sleep(_LOOK)
    _signal(process, signal.SIGKILL)  # what the command started may have ignored SIGTERM
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
