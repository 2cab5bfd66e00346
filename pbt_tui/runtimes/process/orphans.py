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

from msgspec import Struct

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks

_FRESH = 0.1
"""Seconds for which the mark of a process is kept: no pid gets another process so soon."""


class _Ancestor(Struct, frozen=True):
    """A process above this one, with the open lists of the children of its threads.

    The kernel gives orphans to the oldest thread that is alive. So the lists are those of its
    threads from the first one to the one that has `below` among its children: while that one is
    alive, no younger thread gets an orphan.
    """

    below: bytes
    """The pid of its child that is this process or an ancestor of it; empty for the first process
    of the pid namespace where all ancestors are outside: its lists are those of all its threads."""
    lists: tuple[int, ...]

    def children(self) -> set[bytes]:
        """The children of these threads. Raises `ProcessLookupError` if one may be missing."""
        found: set[bytes] = set()
        for fd in self.lists:
            found |= proc.listed(fd)
        if self.below and self.below not in found:
            raise ProcessLookupError(self.below)
        return found


class Orphans:
    """Looks at the children of the ancestors of this process.

    Who the ancestors are is asked once: when one of them ends, its children go to another of them,
    so that the list of earlier has all that are ancestors later. A listed ancestor that is gone
    makes a look unsure, and the next look asks again.
    """

    def __init__(self) -> None:
        self._ancestors: list[_Ancestor] = []
        self._marks: dict[bytes, int | None] = {}
        """The children of the last look, with their marks."""
        self._looked = 0.0

    def marks(self) -> set[int | None] | None:
        """The marks of the children of all ancestors; None: no sure answer now.

        A child that is gone before its mark was read may have left another orphan. Zombies count,
        too, and None is among the marks of those that have none. Only for attempts whose shim was a
        child of this process.
        """
        began = time.monotonic()
        children: set[bytes] = set()
        try:
            for ancestor in self._ancestors or self._ask():
                children |= ancestor.children()
        except OSError:
            self.close()
            return None
        known = self._marks if began < self._looked + _FRESH else {}
        self._looked = began
        self._marks = {}
        try:
            for child in children:
                self._marks[child] = known[child] if child in known else marks.of(int(child))
        except ProcessLookupError:
            return None
        return set(self._marks.values())

    def close(self) -> None:
        """Closes all lists; the next look asks for the ancestors again."""
        ancestors, self._ancestors = self._ancestors, []
        for ancestor in ancestors:
            for fd in ancestor.lists:
                os.close(fd)

    def _ask(self) -> list[_Ancestor]:
        # From the nearest to the first: if one ends meanwhile, its children go in this direction.
        below = os.getpid()
        while (process := proc.look(below)) is not None and process.parent > 0:
            self._ancestors.append(_above(below, process.parent))
            below = process.parent
        if below != 1:
            self._ancestors.append(_above(0, 1))
        return self._ancestors


def _above(below: int, pid: int) -> _Ancestor:
    """The parent of `below`; 0: a process that has it not. Raises `OSError` if it is not there."""
    name = str(below).encode() if below else b""
    lists: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - in the order of their age
            lists.append(proc.open_children(pid, thread))
            if name in proc.listed(lists[-1]):
                break
        else:
            if below:
                raise ProcessLookupError(pid)
        return _Ancestor(name, tuple(lists))
    except BaseException:
        for fd in lists:
            os.close(fd)
        raise
