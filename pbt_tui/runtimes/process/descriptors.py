"""The descriptors of the executor: which of them a shim gets, and that jobs get none."""

from __future__ import annotations

import fcntl
import os
import resource
from contextlib import suppress
from pathlib import Path


def pipe() -> tuple[int, int]:
    """A pipe from shims; its writing end is above the descriptors that a shim gets."""
    heard, low = os.pipe2(os.O_CLOEXEC)
    tell = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(low)
    os.set_blocking(heard, False)
    return heard, tell


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
