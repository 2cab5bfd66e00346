"""Writing a whole file so that nobody ever reads half of it: written aside, then renamed.

Must not know what is written, nor handle an error: each caller says what a full disk means to it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace(path: Path, data: bytes, *, sync: bool) -> None:
    """Makes `data` the content of `path`: a reader finds what was there before, or all of it.

    With `sync` it is on disk, name included, when this returns, so that it outlives the machine;
    without, it outlives the process. Raises `OSError`; then the old content stays.
    """
    aside = path.with_name(f".{path.name}")
    try:
        with aside.open("wb") as file:
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
