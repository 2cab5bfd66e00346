"""Writes files that have a modification time of the caller's choice, and temporary folders.

A reader finds a new file only once it has its time. Nothing is synced: these files are recordings.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pbt_tui.files import disk, folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.writing import open_append, write_all


def make_temporary(prefix: str) -> Path:
    """Makes a folder of a new name below `$TMPDIR`, or where the system has temporary files.

    Args:
        prefix: how its name begins.

    Raises:
        OSError: if it cannot be made. A `$TMPDIR` that cannot be written is not passed over.
    """
    place = os.environ.get("TMPDIR") or None
    return Path(tempfile.mkdtemp(prefix=prefix, dir=place))


def write_dated(path: Path, data: bytes, at: float) -> None:
    """Makes `data` the content of a file whose time is `at`; a reader finds all of it or nothing.

    Args:
        path: the file.
        data: its content.
        at: its modification time, in Unix seconds.

    Raises:
        OSError: if it cannot be written.
    """
    aside = path.with_name(f"{path.name}.new")
    replace(aside, data, sync=False)
    os.utime(aside, (at, at))
    folders.rename(aside, path)


def append_dated(path: Path, data: bytes, at: float) -> None:
    """Appends to a file, whose time is then `at`.

    Args:
        path: the file; it is created if there is none.
        data: what is appended.
        at: its modification time, in Unix seconds.

    Raises:
        OSError: if it cannot be written.
    """
    fd = open_append(path)
    try:
        write_all(fd, data)
        os.utime(fd, (at, at))
    finally:
        disk.calls.close(fd)
