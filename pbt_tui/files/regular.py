"""Opens and reads files that other programs wrote: regular files only, of a bounded size.

To open a FIFO waits for a writer, and to read a device may never end. Must not follow a path that
is in a file.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from os import PathLike

OURS = 1 << 40
"""More bytes than a file of a run directory has."""
_PIECE = 1 << 20
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def open_regular(path: str | PathLike[str], *, follow: bool = True) -> int:
    """Opens a regular file for reading, and returns its descriptor.

    Never waits: a FIFO is opened without a writer, and then refused. `follow`: links, too.

    Raises:
        OSError: if the file cannot be opened, or is not a regular file.
    """
    fd = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    except BaseException:
        os.close(fd)
        raise


def read_regular(path: str | PathLike[str], most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; links are followed.

    Raises:
        OSError: if the file cannot be read, is not a regular file, or is larger.
    """
    return _read(open_regular(path), path, most)


def read_own(
    path: str | PathLike[str], most: int, others: Callable[[int], bool] = lambda uid: False
) -> bytes:
    """The same for a file that this user or root wrote, and for no link.

    `others` tells whether files of the user with this uid are read, too.

    Raises:
        OSError: also if somebody else owns the file, or the path is a link.
    """
    fd = open_regular(path, follow=False)
    owner = os.fstat(fd).st_uid
    if owner not in (os.geteuid(), 0) and not others(owner):
        os.close(fd)
        raise OSError(errno.EPERM, f"written by another user, uid {owner}", os.fspath(path))
    return _read(fd, path, most)


def _read(fd: int, path: str | PathLike[str], most: int) -> bytes:
    try:
        parts: list[bytes] = []
        left = most + 1
        while left and (part := os.read(fd, min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(fd)
    if not left:
        raise OSError(
            errno.EFBIG,
            f"larger than {most} bytes" if most < 1024 else f"larger than {most // 1024} KiB",
            os.fspath(path),
        )
    return parts[0] if len(parts) == 1 else b"".join(parts)
