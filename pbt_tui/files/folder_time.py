"""The time of a folder's file system, whose clock gives files their times.

A file server may be minutes ahead of the machines that write to it, or behind them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pbt_tui.files import disk, folders

_ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def time_of(folder: Path) -> float | None:
    """The time that a file gets which is written now, in Unix seconds.

    Args:
        folder: where the file is written, and removed at once.

    Returns:
        None: no file can be written there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     (time_of(Path(name)) or 0.0) > 1_700_000_000, os.listdir(name)
        (True, [])
        >>> time_of(Path("/proc")) is None
        True
    """
    path = folder / f".time-{os.getpid()}"
    try:
        fd = disk.calls.open(path, _ANEW, 0o600)
        try:
            return disk.calls.fstat(fd).st_mtime
        finally:
            disk.calls.close(fd)
            folders.remove(path)
    except OSError:
        with suppress(OSError):
            folders.remove(path)
        return None
