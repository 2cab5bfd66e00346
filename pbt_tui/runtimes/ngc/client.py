"""Runs the user's NGC client as a subprocess, within a time limit.

What the client prints is foreign text, which may contain control characters.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pbt_tui.errors import RuntimeUnavailable, printable
from pbt_tui.observe.log_reader import clean

_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a client that is over its time limit."""
_SHOWN = 40
"""Last lines of an error to show."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call of the client returned."""

    code: int | None
    """Exit code; None: it was over its time limit."""
    out: bytes
    """Standard output."""
    err: bytes
    """Standard error."""

    @property
    def document(self) -> Any:
        """Its output as JSON; None if it failed or printed something else."""
        if self.code != 0:
            return None
        try:
            return msgspec.json.decode(self.out)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def said(self) -> list[str]:
        """The last lines of its output, without control characters."""
        lines = [*self.err.split(b"\n"), *self.out.split(b"\n")]
        shown = [line for line in map(clean, lines) if line]
        return [*(["…"] if len(shown) > _SHOWN else []), *shown[-_SHOWN:]]


class Client:
    """Calls the client.

    Args:
        path: the program.
        limit: seconds for each call.
        holds: a descriptor that the client inherits, and so keeps open: the lock of the submission.
    """

    def __init__(self, path: str, limit: float, holds: int) -> None:
        self._path, self._limit, self._holds = path, limit, holds

    def call(self, arguments: Sequence[str]) -> Answer:
        """Calls it once. Raises `RuntimeUnavailable` if it cannot be started."""
        try:
            process = subprocess.Popen(
                [self._path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(self._holds,),
                start_new_session=True,  # Ctrl-C must not kill it: it may have submitted a job
            )
        except OSError as e:
            reason = (e.strerror or str(e)).lower()
            raise RuntimeUnavailable(f"cannot start `{printable(self._path)}`: {reason}") from None
        try:
            out, err = process.communicate(timeout=self._limit)
        except subprocess.TimeoutExpired:
            return Answer(None, *_end(process))
        return Answer(process.returncode, out, err)


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Ends the client and its children; returns what it had printed."""
    for number, wait in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            return process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            continue
    return b"", b""


def find(name: str) -> str | None:
    """Path of the program; None if it is not on `PATH`."""
    return shutil.which(name)
