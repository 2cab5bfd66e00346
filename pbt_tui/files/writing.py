"""Writes files in place: a new file exclusively, whole pieces to a descriptor, empty marks.

`atomic` replaces a whole file. Must not follow a link in a place where others may write.
"""

from __future__ import annotations

import os
from os import PathLike

from pbt_tui.files import disk
from pbt_tui.files.faults import ForeignFile
from pbt_tui.files.permissions import fit

_NEW = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY
_APPEND = _NEW | os.O_APPEND | os.O_NONBLOCK


def write_all(fd: int, data: bytes) -> None:
    """Writes all of `data` to a descriptor: a single call may write less.

    Raises:
        OSError: if a call fails; what was written by then stays.
    """
    written = disk.calls.write(fd, data)
    while written < len(data):
        written += disk.calls.write(fd, data[written:])


def create(
    path: str | PathLike[str], data: bytes, mode: int = 0o644, *, sync: bool = False
) -> bool:
    """Creates a file with `data` in it; False if there is a file, folder or link of this name.

    Raises:
        OSError: if it cannot be written. A file that this call created is then removed again.
    """
    try:
        fd = disk.calls.open(path, _NEW | os.O_EXCL, mode)
    except FileExistsError:
        return False
    try:
        fit(fd, os.path.dirname(path) or ".")  # noqa: PTH120 - once an attempt
        write_all(fd, data)
        if sync:
            disk.calls.fsync(fd)
    except OSError:
        disk.calls.unlink(path)
        raise
    finally:
        disk.calls.close(fd)
    return True


def mark(path: str | PathLike[str]) -> None:
    """Makes an empty file; one that is there stays as it is. Raises `OSError`, also for a link."""
    disk.calls.close(disk.calls.open(path, _NEW, 0o644))


def open_append(path: str | PathLike[str], mode: int = 0o644, *, flags: int = 0) -> int:
    """Opens or creates a regular file for appending, and returns its descriptor.

    Args:
        path: the file; a link is refused.
        mode: its permissions, if it is created.
        flags: further flags of `open`, such as `O_TRUNC`.

    Raises:
        OSError: if it cannot be opened, or is no regular file.
    """
    import stat

    fd = disk.calls.open(path, _APPEND | flags, mode)
    try:
        if stat.S_ISREG(disk.calls.fstat(fd).st_mode):
            return fd
        raise ForeignFile(22, "not a regular file", os.fspath(path))
    except BaseException:
        disk.calls.close(fd)
        raise
