"""Watches processes with pidfds: one descriptor becomes readable when any of them ends.

A process need not be a child. If the kernel has no pidfds, or no descriptor is left, the watcher
polls the process instead.
"""

from __future__ import annotations

import os
import select
import time
from typing import Generic, TypeVar

from pbt_tui.runtimes import proc

BLIND = 0.2
"""Seconds between two polls of the processes without a pidfd."""


Who = TypeVar("Who")


class PidfdWatcher(Generic[Who]):
    """`Who` is the caller's name of a process: a pid may be reused before its end is reported."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._seen: dict[int, Who] = {}
        """Processes with a pidfd, by descriptor."""
        self._blind: list[tuple[int, str | None, Who]] = []
        """Processes without a pidfd, to be polled."""
        self._looked = 0.0

    def fileno(self) -> int:
        """A descriptor that is readable when a watched process has ended."""
        return self._epoll.fileno()

    def also(self, fd: int) -> None:
        """Makes `fileno` readable when `fd` is; `ended` does not report this."""
        self._epoll.register(fd, select.EPOLLIN)

    def add(self, who: Who, pid: int, handle: str | None = None) -> bool:
        """Watches a child, or the process `handle`; False if it has ended already."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        except OSError:
            if handle is not None and not proc.alive(handle):
                return False
            self._blind.append((pid, handle, who))
            return True
        # Compare the handle only now: a process that still lives had its pid when the pidfd opened.
        if handle is not None and not proc.alive(handle):
            os.close(fd)
            return False
        self._epoll.register(fd, select.EPOLLIN)
        self._seen[fd] = who
        return True

    def ended(self) -> list[Who]:
        """The processes that ended since the last call; the caller has to reap its children."""
        gone = []
        for fd, _ in self._epoll.poll(0, len(self._seen) + 8):
            if fd in self._seen:
                self._epoll.unregister(fd)
                os.close(fd)
                gone.append(self._seen.pop(fd))
        if self._blind and time.monotonic() >= self._looked + BLIND:
            self._looked = time.monotonic()
            left = []
            for pid, handle, who in self._blind:
                now = proc.look(pid)
                if now is None or now.dead or (handle or now.handle) != now.handle:
                    gone.append(who)
                else:
                    left.append((pid, handle, who))
            self._blind = left
        return gone

    def next_wake(self) -> float | None:
        """When to poll next, in monotonic seconds; None if all processes have a pidfd."""
        return self._looked + BLIND if self._blind else None

    def close(self) -> None:
        """Closes all descriptors."""
        for fd in self._seen:
            os.close(fd)
        self._seen.clear()
        self._blind.clear()
        self._epoll.close()
