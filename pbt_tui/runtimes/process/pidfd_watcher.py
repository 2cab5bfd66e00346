"""Which of the watched processes have ended, learnt by event through one descriptor.

Must not know attempts. Works for children and for strangers alike (pidfd); where the kernel has no
descriptor left to give, or none of that kind, the few that are left over are looked at by timer.
"""

from __future__ import annotations

import os
import select
import time
from typing import Generic, TypeVar

from pbt_tui.runtimes import proc

BLIND = 0.2
"""Seconds between two looks at those without a descriptor."""


Who = TypeVar("Who")


class PidfdWatcher(Generic[Who]):
    """`Who` is what the caller calls a process: a pid may be another's before its end is told."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._seen: dict[int, Who] = {}
        """By descriptor."""
        self._blind: list[tuple[int, str | None, Who]] = []
        self._looked = 0.0

    def fileno(self) -> int:
        return self._epoll.fileno()

    def also(self, fd: int) -> None:
        """Makes the one descriptor readable when `fd` is, too; `ended` says nothing of it."""
        self._epoll.register(fd, select.EPOLLIN)

    def add(self, who: Who, pid: int, handle: str | None = None) -> bool:
        """Watches a child, or the process `handle`; False if that one has ended already."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        except OSError:
            if handle is not None and not proc.alive(handle):
                return False
            self._blind.append((pid, handle, who))
            return True
        # Looked at only now: the descriptor is held, so this process and that one are the same.
        if handle is not None and not proc.alive(handle):
            os.close(fd)
            return False
        self._epoll.register(fd, select.EPOLLIN)
        self._seen[fd] = who
        return True

    def ended(self) -> list[Who]:
        """Who has ended since the last call; a child is still to be reaped."""
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
        """Monotonic seconds of the next look; None while everybody is watched by event."""
        return self._looked + BLIND if self._blind else None

    def close(self) -> None:
        for fd in self._seen:
            os.close(fd)
        self._seen.clear()
        self._blind.clear()
        self._epoll.close()
