"""The user's NGC client as a subprocess: words in, an answer out, within a time limit.

Must not know what is submitted, nor why. What the client says is foreign text.
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
"""Seconds between asking a client to end, and ending it."""
_SHOWN = 40
"""Lines of a failure, from its end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` is None where the time limit ended it."""

    code: int | None
    out: bytes
    err: bytes

    @property
    def document(self) -> Any:
        """What it said, if it succeeded and said JSON; else None."""
        if self.code != 0:
            return None
        try:
            return msgspec.json.decode(self.out)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def said(self) -> list[str]:
        """The client's own words, harmless on a terminal."""
        lines = [*self.err.split(b"\n"), *self.out.split(b"\n")]
        shown = [line for line in map(clean, lines) if line]
        return [*(["…"] if len(shown) > _SHOWN else []), *shown[-_SHOWN:]]


class Client:
    """`limit` in seconds for each call; `holds` is a descriptor that lives as long as any call."""

    def __init__(self, path: str, limit: float, holds: int) -> None:
        self._path, self._limit, self._holds = path, limit, holds

    def call(self, words: Sequence[str]) -> Answer:
        """Raises `RuntimeUnavailable` where it cannot be started."""
        try:
            process = subprocess.Popen(
                [self._path, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(self._holds,),
                start_new_session=True,  # Ctrl-C is for us: a client that dies may leave a job
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
    """Ends it with all that it has started; returns what it had said."""
    for number, wait in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            return process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            continue
    return b"", b""


def find(name: str) -> str | None:
    """The client's path; None where there is none."""
    return shutil.which(name)
