"""The marks of orphans: a fast answer to whether an ended attempt can have left a process.

A process whose parent has ended becomes a child of the nearest ancestor that adopts orphans (a
subreaper), or of the first process of its pid namespace. Of the processes that an attempt left, at
least one is therefore a child of an ancestor of the shim. The shims of this executor have its
ancestors. The kernel lists the children of a thread in one file, so that this costs the same on a
machine with a hundred or ten thousand processes.
"""

from __future__ import annotations

import os
import time

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks

_PIECE = 1 << 16
_FRESH = 0.1
"""Seconds for which the mark of a process is kept: no pid gets another process so soon."""


class Orphans:
    """Looks at the children of the ancestors of this process.

    Who the ancestors are is asked once: when one of them ends, its children go to another of them,
    so that the list of earlier has all that are ancestors later. A listed ancestor that is gone
    makes a look unsure, and the next look asks again.
    """

    def __init__(self) -> None:
        self._ancestors: list[int] = []
        self._marks: dict[bytes, int | None] = {}
        """The children of the last look, with their marks."""
        self._looked = 0.0

    def marks(self) -> set[int | None] | None:
        """The marks of the children of all ancestors; None: they cannot be listed now.

        Zombies count, too, and None is among the marks of those that have none. Only for attempts
        whose shim was a child of this process.
        """
        began = time.monotonic()
        children: set[bytes] = set()
        try:
            for pid in self._ancestors or self._ask():
                for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - for each end
                    children |= _children(pid, thread)
        except OSError:
            self._ancestors = []
            return None
        known = self._marks if began < self._looked + _FRESH else {}
        self._looked = began
        self._marks = {
            child: known[child] if child in known else _mark(child) for child in children
        }
        return set(self._marks.values())

    def _ask(self) -> list[int]:
        # From the nearest to the first: if one ends meanwhile, its children go in this direction.
        self._ancestors = []
        pid = os.getpid()
        while (process := proc.look(pid)) is not None and process.parent > 1:
            pid = process.parent
            self._ancestors.append(pid)
        self._ancestors.append(1)
        return self._ancestors


def _mark(child: bytes) -> int | None:
    try:
        return marks.of(int(child))
    except ProcessLookupError:
        return None


def _children(pid: int, thread: str) -> set[bytes]:
    """The children of one thread.

    A child that ends while the kernel writes the list may hide another one, so that a list that is
    not empty is read twice.
    """
    fd = os.open(f"/proc/{pid}/task/{thread}/children", os.O_RDONLY | os.O_CLOEXEC)
    try:
        first = _read(fd)
        if not first:
            return set()
        os.lseek(fd, 0, os.SEEK_SET)
        return {*first.split(), *_read(fd).split()}
    finally:
        os.close(fd)


def _read(fd: int) -> bytes:
    data = os.read(fd, _PIECE)
    while data and (more := os.read(fd, _PIECE)):
        data += more
    return data
