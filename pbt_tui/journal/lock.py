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

from pbt_tui.errors import RunBusy, RunError, Where, command
from pbt_tui.files import disk
from pbt_tui.files.permissions import fit
from pbt_tui.files.regular import open_regular

_FLOCK = "@hhqqi0q"
"""`struct flock` of 64-bit Linux: type, whence, start, len, pid."""
_held: dict[Path, int] = {}
"""Locks that this process holds: path to file descriptor."""


def acquire(path: Path) -> None:
    """Takes the lock until `release` or the end of this process.

    Raises:
        RunBusy: if another process holds it; the message names the process.
        RunError: if the file system has no locks.
        OSError: if the file cannot be created.
    """
    path = path.resolve()
    if path in _held:
        return
    while True:
        fd = disk.calls.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(fd, path):
                _held[path] = fd
                fit(fd, path.parent)
                return
        except (BlockingIOError, PermissionError):
            pid = _holder_pid(fd)
            if pid is not None:
                disk.let_go(fd)
                raise _busy(path, pid) from None
        except OSError as e:
            disk.let_go(fd)
            raise RunError(
                f"the file system of the run directory has no locks: {(e.strerror or '').lower()}",
                where=Where(file=str(path.parent)),
                hint="pass a `--train_dir` on another file system, or mount this one with locks",
            ) from e
        # The holder released it since, or `--fresh` moved the directory away: try again.
        disk.let_go(fd)


def _is_at(fd: int, path: Path) -> bool:
    """Whether `path` still names the open file."""
    try:
        there = disk.calls.stat(path)
    except FileNotFoundError:
        return False
    mine = disk.calls.fstat(fd)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _busy(path: Path, pid: int) -> RunBusy:
    whose = f"pid {pid}" if pid else "a process of another host"
    return RunBusy(
        f"this run is already being executed: {whose}",
        where=Where(file=str(path.parent)),
        hint=f"look at it with `{command('pbt-tui', path.parent)}`",
    )


def release(path: Path) -> None:
    """Releases the lock if this process holds it."""
    fd = _held.pop(path.resolve(), None)
    if fd is not None:
        disk.let_go(fd)


def moved(before: Path, path: Path) -> None:
    """Says that a lock that this process holds has another path: its folder was renamed."""
    _held[path.resolve()] = _held.pop(before.resolve())


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a lock that this process holds; None if it holds no such lock."""
    fd = _held.get(path.resolve())
    if fd is None:
        return None
    mine = disk.calls.fstat(fd)
    return mine.st_dev, mine.st_ino


def identity_at(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, held or not; None if there is none."""
    try:
        there = disk.calls.stat(path)
    except FileNotFoundError:
        return None
    return there.st_dev, there.st_ino


def holder(path: Path) -> int | None:
    """Process id of the holder; None if the lock is free; 0 if the holder is on another host.

    Without locks on the file system no executor can hold the run: None.
    """
    if _held and path.resolve() in _held:
        return os.getpid()
    try:
        fd = open_regular(path)
    except OSError:
        return None
    try:
        return _holder_pid(fd)
    except OSError:
        return None
    finally:
        disk.let_go(fd)


def _holder_pid(fd: int) -> int | None:
    query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, query))
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
