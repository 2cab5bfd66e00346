"""SLURM's programs, each called with a time limit of its own; what they say becomes one of three.

Must not know runs or attempts. They answer; or they decline, in their own words; or there is no
answer (`EngineUnavailable`), which is nobody's failure.
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

from pbt_tui.backends.slurm.error_hints import last_words
from pbt_tui.errors import printable
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable

NEEDED = ("sbatch", "squeue", "scancel", "scontrol")
LIMIT = 30.0
"""Seconds for everything but `sbatch`: a controller that hangs is given up by SLURM after 10."""

_NO_ANSWER = re.compile(
    r"unable to contact slurm|socket timed out|connection refused|connect failure|zero bytes were"
    r"|configuration source|communication connection failure|standby mode|munge|"
    r"transport endpoint|no route to host|connection timed out",
    re.I,
)
_FULL = re.compile(
    r"temporarily unable to accept|queue full|resource temporarily unavailable|max_?submit", re.I
)
_OWN = ("SQUEUE_", "SCANCEL_", "SACCT_", "SLURM_TIME_FORMAT", "SLURM_BITSTR_LEN")


class QueueFull(Exception):
    """The queue takes no more now; the words are SLURM's."""


def is_of_user(said: str) -> bool:
    """A limit on what one person may have in the queue, as opposed to the queue's own."""
    return bool(re.search(r"max_?submit", said, re.I))


def lacking(environ: Mapping[str, str]) -> str | None:
    """The first program that is not on the path."""
    path = environ.get("PATH")
    return next((name for name in NEEDED if shutil.which(name, path=path) is None), None)


def for_jobs(environ: Mapping[str, str]) -> dict[str, str]:
    """What a job gets of ours; variables that would overrule the script are kept out."""
    return {name: value for name, value in environ.items() if not name.startswith("SBATCH_")}


def for_us(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what would change the form of an answer."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_OWN)}
    return {**kept, "LC_ALL": "C"}


def ask(argv: Sequence[str], environ: Mapping[str, str], limit: float = LIMIT) -> str:
    """What it says on stdout. Raises `EngineUnavailable` or `EngineError`."""
    with _started(argv, environ, subprocess.PIPE, subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise EngineUnavailable(f"`{argv[0]}` said nothing within {limit:g} s") from None
    message = words(err.decode("utf-8", "replace"))
    if process.returncode:
        _declined(argv[0], process.returncode, message)
    return out.decode("utf-8", "replace")


def submit(
    argv: Sequence[str], environ: Mapping[str, str], cwd: Path, out: Path, limit: float
) -> str:
    """`sbatch`, whose answer goes into the file `out` without us; its text.

    The file stays locked as long as any `sbatch` writes to it: who comes after us can wait for the
    one that we may have left behind. Raises `EngineUnavailable`, `EngineError` or `QueueFull`.
    """
    err = out.with_suffix(".err")
    with out.open("wb") as message, err.open("wb") as complaints:
        fcntl.flock(message, fcntl.LOCK_EX)
        with _started(argv, environ, message.fileno(), complaints.fileno(), cwd) as process:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                _kill(process)
                code = None
    text = words(err.read_text("utf-8", "replace"))
    if code is None:
        if _FULL.search(text):
            raise QueueFull(text)
        raise EngineUnavailable(text or f"`sbatch` said nothing within {limit:g} s")
    if code:
        if _FULL.search(text):
            raise QueueFull(text)
        _declined("sbatch", code, text)
    return out.read_text("utf-8", "replace")


def still_written(out: Path) -> bool:
    """An `sbatch` of a follower that died is at work on this file."""
    try:
        with out.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def words(text: str) -> str:
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
            start_new_session=True,  # a Ctrl-C is for us
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineUnavailable(f"cannot run `{argv[0]}`: {reason}") from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _declined(program: str, code: int, said: str) -> None:
    if _NO_ANSWER.search(said):
        raise EngineUnavailable(said)
    raise EngineError(code, said or f"`{program}` ended with exit code {code}")
