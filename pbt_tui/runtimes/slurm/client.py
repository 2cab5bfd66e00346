"""Calls SLURM's programs, each with a time limit.

A call returns the program's output, or raises: `EngineError` if SLURM refused, `EngineUnavailable`
if the controller did not answer, and `QueueFull` if it takes no more jobs now.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pbt_tui.backends.slurm.environment import for_jobs
from pbt_tui.backends.slurm.error_hints import last_words
from pbt_tui.errors import printable
from pbt_tui.files.regular import TEXT_BYTES, open_regular, read_regular
from pbt_tui.files.writing import open_append
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable

NEEDED = ("sbatch", "squeue", "scancel", "scontrol")
LIMIT = 30.0
"""Seconds for each call but `sbatch`: SLURM itself waits 10 for a controller that hangs."""

_NO_ANSWER = re.compile(
    r"unable to contact slurm|socket timed out|connection refused|connect failure|zero bytes were"
    r"|configuration source|communication connection failure|standby mode|munge|"
    r"transport endpoint|no route to host|connection timed out",
    re.I,
)
_FULL = re.compile(
    r"temporarily unable to accept|queue full|resource temporarily unavailable"
    r"|(?:max|grp)_?submit",
    re.I,
)
_OWN = ("SQUEUE_", "SCANCEL_", "SACCT_", "SCONTROL_")


class QueueFull(Exception):
    """SLURM takes no more jobs now; the text is SLURM's."""


def is_of_no_cluster(message: str) -> bool:
    """Whether a message means that this machine has no configuration of a cluster."""
    return "configuration source" in message.lower()


def lacking(environ: Mapping[str, str]) -> str | None:
    """The first program that is not on `PATH`; None if all are."""
    path = environ.get("PATH")
    return next((name for name in NEEDED if shutil.which(name, path=path) is None), None)


def for_us(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for our own calls, without variables that change the form of an answer."""
    kept = {name: value for name, value in for_jobs(environ).items() if not name.startswith(_OWN)}
    return {**kept, "LC_ALL": "C"}


def ask(argv: Sequence[str], environ: Mapping[str, str], limit: float = LIMIT) -> str:
    """What the program writes to stdout. Raises `EngineUnavailable` or `EngineError`."""
    with _started(argv, environ, subprocess.PIPE, subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise EngineUnavailable(f"`{argv[0]}` did not answer within {limit:g} s") from None
    message = words(err.decode("utf-8", "replace"))
    if process.returncode:
        _declined(argv[0], process.returncode, message)
    return out.decode("utf-8", "replace")


def submit(
    argv: Sequence[str], environ: Mapping[str, str], cwd: Path, out: Path, limit: float
) -> str:
    """Calls `sbatch`, which writes its answer into the file `out`; returns that text.

    `sbatch` holds a lock on the file while it runs. If this process dies, the next executor waits
    for the lock, and then finds the answer in the file.

    Raises:
        EngineUnavailable: if SLURM does not answer: then it is unknown whether it has the array.
        EngineError: if SLURM refused.
        QueueFull: if SLURM takes no more jobs now.
    """
    err = out.with_suffix(".err")
    with _emptied(out) as message, _emptied(err) as complaints:
        fcntl.flock(message, fcntl.LOCK_EX)
        with _started(argv, environ, message.fileno(), complaints.fileno(), cwd) as process:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                _kill(process)
                code = None
    text = words(read_regular(err, TEXT_BYTES).decode("utf-8", "replace"))
    if code is None:
        if _FULL.search(text):
            raise QueueFull(text)
        raise EngineUnavailable(text or f"`sbatch` did not answer within {limit:g} s")
    if code:
        if _FULL.search(text):
            raise QueueFull(text)
        _declined("sbatch", code, text)
    return read_regular(out, TEXT_BYTES).decode("utf-8", "replace")


def _emptied(path: Path) -> BinaryIO:
    return os.fdopen(open_append(path, flags=os.O_TRUNC), "wb")


def still_written(out: Path) -> bool:
    """Whether an `sbatch` still runs that an executor left behind and that writes to this file."""
    try:
        with os.fdopen(open_regular(out), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def words(text: str) -> str:
    """The last line of an error message, without control characters."""
    return printable(last_words(text))


def _started(
    argv: Sequence[str],
    environ: Mapping[str, str],
    out: int,
    err: int,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=dict(environ),
            cwd=cwd,
            start_new_session=True,  # Ctrl-C must not reach it
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineUnavailable(f"cannot run `{argv[0]}`: {reason}") from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _declined(program: str, code: int, message: str) -> None:
    if _NO_ANSWER.search(message):
        raise EngineUnavailable(message)
    raise EngineError(code, message or f"`{program}` ended with exit code {code}")
