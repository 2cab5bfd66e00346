"""Records the lives of a trainer from inside, as lines of JSON that pbt_tui does not know.

`told/<name>.jsonl` gets a line for each thing that a process does. A process holds a lock on
`told/<name>.lock` until it ends, also while it executes itself again: a second life that begins
meanwhile is recorded, and ends at once. This module loads nothing heavy, so that the record begins
with the process.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path("told")
FINISH = Path("finish")
"""While this file exists, trainers end as if they had trained enough."""
_LOCK = "PBT_TEST_LOCK"
"""The variable with the descriptor of the lock, for a process that executes itself again."""


class LifeRecord:
    """The record of one member, or of one job that trains all members.

    Args:
        name: Name of the record.
    """

    def __init__(self, name: str) -> None:
        FOLDER.mkdir(exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._fd = os.open(FOLDER / f"{name}.jsonl", flags, 0o644)
        lock = (FOLDER / f"{name}.lock").absolute()
        again = _holds(os.environ.get(_LOCK), lock)
        if not again:
            fd = os.open(lock, flags, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.tell("two lives")
                os._exit(97)
            os.set_inheritable(fd, True)
            os.environ[_LOCK] = str(fd)
        self.tell("began", argv=sys.argv[1:], again=again)

    def tell(self, what: str, **more: Any) -> None:
        """Appends one line, in one write."""
        line = {"what": what, "at": time.time(), "pid": os.getpid(), "parent": os.getppid(), **more}
        os.write(self._fd, json.dumps(line).encode() + b"\n")


def _holds(fd: str | None, lock: Path) -> bool:
    """Whether this process has inherited the lock from itself."""
    try:
        return fd is not None and Path(f"/proc/self/fd/{fd}").readlink() == lock
    except OSError:
        return False


def stamp(path: str | Path) -> tuple[int, int] | None:
    """Time in nanoseconds and size of a file; None: it is not there."""
    try:
        there = Path(path).stat()
    except FileNotFoundError:
        return None
    return there.st_mtime_ns, there.st_size
