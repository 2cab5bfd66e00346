"""Opens and reads files that other programs wrote: regular files only, of a bounded size.

To open a FIFO waits for a writer, and to read a device may never end. Must not follow a path that
is in a file.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from os import PathLike

from pbt_tui.files import disk
from pbt_tui.files.faults import ForeignFile

OURS = 1 << 40
"""More bytes than a file of a run directory has."""
SPEC_BYTES = 1 << 30
"""More bytes than a compiled file has: a process list of a million jobs takes a third."""
TEXT_BYTES = 16 << 20
"""More bytes than a file has that a person writes, such as settings or a template."""
_PIECE = 1 << 20
_SMALL = 1 << 16
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def open_regular(path: str | PathLike[str], *, follow: bool = True) -> int:
    """Opens a regular file for reading, and returns its descriptor.

    Never waits: a FIFO is opened without a writer, and then refused. `follow`: links, too.

    Raises:
        OSError: if the file cannot be opened, or is not a regular file.
    """
    return _open(path, follow=follow)[0]


def _open(path: str | PathLike[str], *, follow: bool = True) -> tuple[int, os.stat_result]:
    """The descriptor, and what the kernel says of the file."""
    fd = disk.calls.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    try:
        found = disk.calls.fstat(fd)
        if stat.S_ISREG(found.st_mode):
            return fd, found
        raise ForeignFile(errno.EINVAL, "not a regular file", os.fspath(path))
    except BaseException:
        disk.let_go(fd)
        raise


def read_regular(path: str | PathLike[str], most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; links are followed.

    Raises:
        OSError: if the file cannot be read, is not a regular file, or is larger.
    """
    fd, found = _open(path)
    return _read(fd, path, most, found.st_size)


def read_own(
    path: str | PathLike[str], most: int, others: Callable[[int], bool] = lambda uid: False
) -> bytes:
    """The same for a file that this user or root wrote, and for no link.

    `others` tells whether files of the user with this uid are read, too.

    Raises:
        OSError: also if somebody else owns the file, or the path is a link.
    """
    fd, found = _open(path, follow=False)
    owner = found.st_uid
    if owner not in (os.geteuid(), 0) and not others(owner):
        disk.let_go(fd)
        raise ForeignFile(errno.EPERM, f"written by another user, uid {owner}", os.fspath(path))
    return _read(fd, path, most, found.st_size)


def read_head(path: str | PathLike[str], most: int) -> bytes:
    """The first `most` bytes of a regular file, or all of a shorter one; links are followed.

    Raises:
        OSError: if the file cannot be read, or is not a regular file.
    """
    fd = open_regular(path)
    try:
        return _pieces(fd, most)
    finally:
        disk.let_go(fd)


def read_pieces(path: str | PathLike[str], most: int) -> Iterator[bytes]:
    """The content of such a file in pieces: it is never in memory as a whole.

    Raises:
        OSError: as `read_regular` does.
    """
    fd, found = _open(path)
    try:
        size, read = found.st_size, 0
        while size <= most and (part := disk.calls.read(fd, _SMALL)):
            yield part
            read += len(part)
            size = max(size, read)
    finally:
        disk.let_go(fd)
    if size > most:
        raise _too_large(path, most)


def _read(fd: int, path: str | PathLike[str], most: int, size: int) -> bytes:
    try:
        data = b""
        if size <= most:
            # One byte more tells a larger file, and one that grows.
            data = disk.calls.read(fd, size + 1)
            if len(data) != size:
                data = _pieces(fd, most + 1, data)
    finally:
        disk.let_go(fd)
    if max(size, len(data)) > most:
        raise _too_large(path, most)
    return data


def _pieces(fd: int, most: int, data: bytes = b"") -> bytes:
    """Reads up to the end of the file, or `most` bytes; `data`: the first of them, if read."""
    parts = [data]
    left = most - len(data)
    while left and (part := disk.calls.read(fd, min(left, _PIECE))):
        parts.append(part)
        left -= len(part)
    return data if len(parts) == 1 else b"".join(parts)


def _too_large(path: str | PathLike[str], most: int) -> ForeignFile:
    return ForeignFile(errno.EFBIG, f"larger than {_size(most)}", os.fspath(path))


def _size(most: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if most >= unit:
            return f"{most // unit} {name}"
    return f"{most} bytes"
