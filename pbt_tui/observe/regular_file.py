"""Opens and reads files that other programs wrote: regular files only, of a bounded size.

To open a FIFO waits for a writer, and to read a device may never end. Must not follow a path that
is in a file.
"""

from __future__ import annotations

import errno
import os
import stat
from os import PathLike

OURS = 1 << 40
"""More bytes than a file of a run directory has."""
_PIECE = 1 << 20
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def open_regular(path: str | PathLike[str]) -> int:
    """Opens a regular file for reading, and returns its descriptor; links are followed.

    Never waits: a FIFO is opened without a writer, and then refused.

    Raises:
        OSError: if the file cannot be opened, or is not a regular file.
    """
    fd = os.open(path, _FLAGS)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    except BaseException:
        os.close(fd)
        raise


def read_regular(path: str | PathLike[str], most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises:
        OSError: if the file cannot be read, is not a regular file, or is larger.
    """
    fd = open_regular(path)
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
