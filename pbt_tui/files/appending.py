"""Appends whole lines to a file of lines, after which a reader finds all of them or none.

Must not raise for an error of the disk: the caller decides what a missing line means.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from pbt_tui.files import disk
from pbt_tui.files.permissions import fit

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def append_lines(path: Path, data: bytes) -> str | None:
    """Appends lines in one call; says why it could not, and then leaves the file as it was.

    An incomplete line that a killed process left gets a newline, and readers skip it.

    Args:
        path: The file, which is created if it is missing; a link is refused.
        data: Lines, each with its newline.
    """
    try:
        fd = disk.calls.open(path, _APPEND, 0o644)
    except OSError as e:
        return e.strerror or type(e).__name__
    end: int | None = None
    try:
        fit(fd, path.parent)
        end = disk.calls.fstat(fd).st_size
        if end and disk.calls.pread(fd, 1, end - 1) != b"\n":
            data = b"\n" + data
        if disk.calls.write(fd, data) < len(data):
            disk.calls.ftruncate(fd, end)
            return os.strerror(errno.ENOSPC)
    except OSError as e:
        if end is not None:
            with contextlib.suppress(OSError):
                disk.calls.ftruncate(fd, end)
        return e.strerror or type(e).__name__
    finally:
        disk.calls.close(fd)
    return None
