"""Who executes a run: a POSIX record lock on its directory, taken by one, asked for by anyone.

Must not interpret what it finds: a lock is held or it is not, there is no heartbeat to go stale.
Closing *any* descriptor of the file drops the lock of the process, so only this module opens it,
and a process that holds it never opens it again.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from pbt_tui.errors import RunBusy, Where

_FLOCK = "@hhqqi0q"
"""`struct flock` of 64-bit Linux: type, whence, start, len, pid."""
_held: dict[Path, int] = {}


def acquire(path: Path) -> None:
    """Takes the lock for the life of this process; raises `RunBusy` naming who has it.

    Raises `OSError` where the file cannot be made, or the file system has no locks.
    """
    path = path.resolve()
    if path in _held:
        return
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(fd, path):
                _held[path] = fd
                return
        except (BlockingIOError, PermissionError):
            pid = _asked(fd)
            if pid is not None:
                os.close(fd)
                raise _busy(path, pid) from None
        except OSError:
            os.close(fd)
            raise
        # Let go of between two looks, or put aside by `--fresh` with its directory: once more.
        os.close(fd)


def _is_at(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(fd)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _busy(path: Path, pid: int) -> RunBusy:
    whose = f"pid {pid}" if pid else "a process of another host"
    return RunBusy(
        f"this run is already being executed: {whose}",
        where=Where(file=str(path.parent)),
        hint=f"look at it with `pbt-tui {path.parent}`",
    )


def release(path: Path) -> None:
    fd = _held.pop(path.resolve(), None)
    if fd is not None:
        os.close(fd)


def holder(path: Path) -> int | None:
    """The pid of who holds it, without taking it; None if nobody does.

    0 where the holder's pid has no meaning here (another host).
    """
    if path.resolve() in _held:
        return os.getpid()
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _asked(fd)
    finally:
        os.close(fd)


def _asked(fd: int) -> int | None:
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
