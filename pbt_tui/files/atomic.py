"""Replaces a whole file atomically: writes a temporary file next to it, then renames that.

Must not handle errors: each caller decides what a full disk means to it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pbt_tui.files.permissions import fit


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
        with _created(aside) as file:
            fit(file.fileno(), path.parent)
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        aside.rename(path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    if sync:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _created(path: Path) -> BinaryIO:
    """Creates a file, and never writes into one that another user may have prepared."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, 0o644), "wb")
    except FileExistsError:
        path.unlink()  # left by a process that was killed
        return os.fdopen(os.open(path, flags, 0o644), "wb")
