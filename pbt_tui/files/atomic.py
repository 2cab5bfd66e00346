"""Replaces a whole file atomically: writes a temporary file next to it, then renames that.

Must not handle errors: each caller decides what a full disk means to it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pbt_tui.files import disk, folders
from pbt_tui.files.permissions import fit
from pbt_tui.files.writing import write_all

_ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def replace(path: Path, data: bytes, *, sync: bool) -> None:
    """Makes `data` the content of `path`; a reader finds the old content or all of the new.

    Args:
        path: the file.
        data: its new content.
        sync: whether file and folder are synced to disk before this returns, so that the content
            survives a crash of the machine, and not only of the process.

    Raises:
        OSError: if the file cannot be written; then the old content stays.
    """
    aside = path.with_name(f".{path.name}")
    try:
        fd = _created(aside)
        try:
            fit(fd, path.parent)
            write_all(fd, data)
            if sync:
                disk.calls.fsync(fd)
        finally:
            disk.calls.close(fd)
        disk.calls.rename(aside, path)
    except OSError:
        with suppress(OSError):
            folders.remove(aside)
        raise
    if sync:
        folders.sync(path.parent)


def _created(path: Path) -> int:
    """Creates a file, and never writes into one that another user may have prepared."""
    try:
        return disk.calls.open(path, _ANEW, 0o644)
    except FileExistsError:
        folders.remove(path)  # left by a process that was killed
        return disk.calls.open(path, _ANEW, 0o644)
