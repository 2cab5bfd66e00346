"""The pipe on which shims say that they have their claims.

It wakes nobody: the starts of short jobs are taken in together with their ends.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import descriptors
from pbt_tui.runtimes.process.attempt import FollowedAttempt

_PIPE = 65536
"""Bytes of one read: with fewer, the pipe was empty then."""
_LISTEN = 0.02
"""Seconds between a start and a look whether its shim has the claim."""


class ShimReports:
    """The reading end of one executor, and the end that its shims get."""

    def __init__(self) -> None:
        self._heard, self.tell = descriptors.pipe()
        self._half = b""
        """An incomplete line."""
        self._silent: dict[int, FollowedAttempt] = {}
        """Shims that have not said yet whether they have the claim, by process id."""
        self._listen_at: float | None = None

    def expect(self, found: FollowedAttempt) -> None:
        """Notes an attempt whose shim has just been started."""
        self._silent[found.pid] = found
        if self._listen_at is None:
            self._listen_at = time.monotonic() + _LISTEN

    def give_up(self, pid: int) -> None:
        """Notes that a shim has ended, and says nothing any more."""
        self._silent.pop(pid, None)

    def next_wake(self) -> float | None:
        """When to call `heard` next, in monotonic seconds; None if no shim will say anything."""
        return self._listen_at

    def heard(self) -> list[tuple[FollowedAttempt, str]]:
        """The attempts whose shims have their claims since the last call, each with its handle.

        An empty line, after the end of a job, only shows a shim that this process reads them.
        """
        found = []
        with suppress(BlockingIOError):
            size = _PIPE
            while size == _PIPE:
                data = os.read(self._heard, _PIPE)
                size = len(data)
                *lines, self._half = (self._half + data).split(b"\n")
                for handle in (line.decode() for line in lines if line):
                    one = self._silent.pop(proc.pid_of(handle), None)
                    if one is not None:
                        found.append((one, handle))
        self._listen_at = time.monotonic() + _LISTEN if self._silent else None
        return found

    def close(self) -> None:
        """Closes both ends."""
        os.close(self._heard)
        os.close(self.tell)
