"""Locks on single bytes of the journal: who writes it, and which attempts are alive.

They are open file description locks of Linux. Such a lock belongs to an open descriptor and to all
its copies. A child process that inherits the descriptor therefore holds the lock, too, and the
kernel drops the lock when the last copy is closed, however its process ends. Any process that can
open the journal can ask for them: in another pid, network or host name namespace, in another
container, through another mount.

The locked bytes lie where the journal has no text:

- bytes 0 to 2^40: the executor that writes the journal;
- byte 2^40 + `seq`: the processes of the attempt whose `attempt_scheduled` is line `seq`.

They replace nothing that `lock` tells: a reader learns the pid of the executor only there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from pathlib import Path

from pbt_tui.errors import RunBusy, Where
from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular

ATTEMPTS = 1 << 40
"""The first byte that belongs to an attempt; the bytes before it belong to the executor."""
_OFD_GETLK = 36
_OFD_SETLK = 37
_FLOCK = "@hhqqi4x"
"""`struct flock` of 64-bit Linux: type, whence, start, len, pid. The pid must be 0."""
_PATIENCE, _AGAIN = 0.3, 0.02
"""Seconds to wait for the lock, and between two tries: a child that the last executor was starting
when it was killed holds the lock until its `exec`."""
_NO_LOCKS = frozenset((errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP))
"""Errors of a kernel or a file system without these locks."""


def hold(journal: Path, seq: int) -> int:
    """Marks an attempt as alive, and returns the descriptor that keeps the mark.

    Args:
        journal: the journal.
        seq: the line of its `attempt_scheduled`.

    Raises:
        OSError: if the journal cannot be opened, or its file system has no such locks.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     fd = hold(Path(file.name), 7)
        ...     alive = is_held(Path(file.name), 7), is_held(Path(file.name), 8)
        ...     os.close(fd)
        >>> alive
        (True, False)
    """
    fd = open_regular(journal)
    try:
        _set(fd, fcntl.F_RDLCK, ATTEMPTS + seq, 1)
    except BaseException:
        disk.let_go(fd)
        raise
    return fd


def is_shared(fd: int, seq: int) -> bool:
    """Whether others hold the mark of an attempt, too.

    Args:
        fd: what `hold` returned.
        seq: the line of its `attempt_scheduled`.

    Raises:
        OSError: if the file system fails.
    """
    return _first_locked(fd, ATTEMPTS + seq, 1) is not None


def is_held(journal: Path, seq: int) -> bool | None:
    """Whether a process holds the descriptor of an attempt; None: there are no such locks.

    Raises:
        OSError: if the journal cannot be opened.
    """
    fd = open_regular(journal)
    try:
        return _first_locked(fd, ATTEMPTS + seq, 1) is not None
    except OSError as e:
        if e.errno in _NO_LOCKS:
            return None
        raise
    finally:
        disk.let_go(fd)


def held_after(journal: Path, seq: int) -> int | None:
    """The line of a live attempt that a journal of `seq` lines does not have; None: there is none.

    Raises:
        OSError: if the journal cannot be opened.
    """
    fd = open_regular(journal)
    try:
        start = _first_locked(fd, ATTEMPTS + seq + 1, 0)
        return None if start is None else max(start - ATTEMPTS, seq + 1)
    except OSError as e:
        if e.errno in _NO_LOCKS:
            return None
        raise
    finally:
        disk.let_go(fd)


def own(fd: int, path: Path) -> bool:
    """Makes this process the writer of the journal until the descriptor is closed.

    Args:
        fd: the journal, opened for writing.
        path: its path, for the message.

    Returns:
        False if there are no such locks: then only `lock` keeps a second executor away.

    Raises:
        RunBusy: if another executor is the writer, although this one has `lock`.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            _set(fd, fcntl.F_WRLCK, 0, ATTEMPTS)
        except OSError as e:
            if e.errno in _NO_LOCKS:
                return False
            if e.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        else:
            return True
        if time.monotonic() > until:
            raise RunBusy(
                "this run is already being executed: another executor writes its journal",
                where=Where(file=str(path.parent)),
                hint="its `lock` was removed, and it ends as soon as it notices: try again",
            )
        time.sleep(_AGAIN)


def _set(fd: int, kind: int, start: int, length: int) -> None:
    fcntl.fcntl(fd, _OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0))


def _first_locked(fd: int, start: int, length: int) -> int | None:
    """The first locked byte of a lock in the range (length 0: to the end of all bytes)."""
    query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, first, _, _ = struct.unpack(_FLOCK, fcntl.fcntl(fd, _OFD_GETLK, query))
    return None if kind == fcntl.F_UNLCK else int(first)
