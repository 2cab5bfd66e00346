"""The marks of orphans: a fast answer to whether an ended attempt can have left a process.

A process whose parent has ended becomes a child of the nearest ancestor that adopts orphans (a
subreaper), or of the first process of its pid namespace. Of the processes that an attempt left, at
least one is therefore a child of an ancestor of the shim. The shims of this executor have its
ancestors. The kernel lists the children of a process in one file, so that this costs the same on a
machine with a hundred or ten thousand processes.
"""

from __future__ import annotations

import os

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks


def marks_of_orphans() -> set[int] | None:
    """The marks of the children of all ancestors of this process; None: the kernel has no list.

    Zombies count, too. Only for attempts whose shim was a child of this process.
    """
    found: set[int] = set()
    try:
        # A child that ends while the kernel writes the list may hide another one: read it twice.
        for pid in _ancestors():
            for child in _children(pid) | _children(pid):
                try:
                    mark = marks.of(child)
                except ProcessLookupError:
                    continue
                if mark is not None:
                    found.add(mark)
    except OSError:
        return None
    return found


def _ancestors() -> list[int]:
    """The ancestors of this process, and the first process of its pid namespace."""
    found = {1}
    pid = os.getpid()
    while (process := proc.look(pid)) is not None and process.parent > 0:
        pid = process.parent
        found.add(pid)
    return sorted(found)


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - for each end of a job
        with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:  # noqa: PTH123
            found.update(map(int, file.readall().split()))
    return found
