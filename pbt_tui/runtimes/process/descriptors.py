"""The descriptors of the executor: as many as it may open, and none of them for jobs."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path


def raise_open_files() -> int:
    """Raises the soft limit of open files of this process; returns the old one, for jobs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


def keep() -> None:
    """Keeps jobs from inheriting descriptors: a job with the caller's pipe would keep it open."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        if fd > 2:
            with suppress(OSError):
                os.set_inheritable(fd, False)
