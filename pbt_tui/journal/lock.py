"""The lock of a run directory: a POSIX record lock, which the executor of the run holds.

Any process can ask the kernel who holds it. The kernel drops it when its holder dies, so there is
no heartbeat that could be stale. It also drops it when the holder closes *any* descriptor of the
file: so only this module opens the file, and never while the process holds the lock.
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
"""Locks that this process holds: path to file descriptor."""


def acquire(path: Path) -> None:
    """Takes the lock until `release` or the end of this process.

    Raises:
        RunBusy: if another process holds it; the message names the process.
        OSError: if the file cannot be created, or the file system has no locks.
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
            pid = _holder_pid(fd)
            if pid is not None:
                os.close(fd)
                raise _busy(path, pid) from None
        except OSError:
            os.close(fd)
            raise
        # The holder released it since, or `--fresh` moved the directory away: try again.
        os.close(fd)


def _is_at(fd: int, path: Path) -> bool:
    """Whether `path` still names the open file."""
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
    """Releases the lock if this process holds it."""
    fd = _held.pop(path.resolve(), None)
    if fd is not None:
        os.close(fd)


def moved(before: Path, path: Path) -> None:
    """Says that a lock that this process holds has another path: its folder was renamed."""
    _held[path.resolve()] = _held.pop(before.resolve())


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a lock that this process holds; None if it holds no such lock."""
    fd = _held.get(path.resolve())
    if fd is None:
        return None
    mine = os.fstat(fd)
    return mine.st_dev, mine.st_ino


def holder(path: Path) -> int | None:
    """Process id of the holder; None if the lock is free; 0 if the holder is on another host."""
    if path.resolve() in _held:
        return os.getpid()
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _holder_pid(fd)
    finally:
        os.close(fd)


def _holder_pid(fd: int) -> int | None:
    query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, query))
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
