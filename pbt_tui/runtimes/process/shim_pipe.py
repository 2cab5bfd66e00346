"""The pipe from shims to the executor: which of them have their claims, and that it lives."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

_PIECE = 65536


class ShimPipe:
    """Lines that shims write: `pid.start`, or empty after the end of a job.

    An empty line only shows a shim that somebody reads them. The pipe wakes nobody: the starts of
    many short jobs are taken together with their ends.
    """

    def __init__(self) -> None:
        self._heard, low = os.pipe2(os.O_CLOEXEC)
        self.tell = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10)
        """The writing end: above the descriptors that a shim gets."""
        os.close(low)
        os.set_blocking(self._heard, False)
        self._half = b""
        """An incomplete line."""

    def handles(self) -> list[str]:
        """The handles that shims have written since the last call."""
        found: list[str] = []
        with suppress(BlockingIOError):
            while True:
                *lines, self._half = (self._half + os.read(self._heard, _PIECE)).split(b"\n")
                found += [line.decode() for line in lines if line]
        return found

    def close(self) -> None:
        os.close(self._heard)
        os.close(self.tell)
