"""The mark of an attempt: a number that all its processes inherit, and by which they are found.

The number is the soft limit `RLIMIT_LOCKS`. Linux has not enforced this limit since 2.4.25, keeps
it for each process, and lets any process of the same user read it. A child gets the limit of its
parent; neither `exec`, `setsid`, a double fork, an empty environment nor closed descriptors change
it. What changes it: `su` and other programs that log in (PAM sets all limits anew), and a job that
sets the limit itself. What another service starts for a job (docker, at, systemd) never has it.

Must not send signals. `docs/adr/0018-marks-of-processes.md` has the alternatives.
"""

from __future__ import annotations

import os
import resource
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LIMIT = 10
"""`RLIMIT_LOCKS` of Linux, which Python does not name."""
NONE = "-"
"""What a claim holds in place of a mark where this system has none."""
_TOP = 1 << 62
"""Set in every mark, so that no limit that a person sets looks like one."""


def supported() -> bool:
    """Whether this process can give marks to its children and read them."""
    with suppress(OSError, ValueError), inherited(mark := new()):
        return of(os.getpid()) == mark
    return False


def new() -> int:
    """A random mark.

    Example:
        >>> new().bit_length()
        63
    """
    return _TOP | secrets.randbits(62)


@contextmanager
def inherited(mark: int | None) -> Iterator[None]:
    """Gives the mark to all processes that are started meanwhile, by any thread; None: no mark.

    Raises:
        OSError: if the system refuses the limit.
        ValueError: if the hard limit is too low.

    Example:
        >>> import subprocess, sys
        >>> program = "import resource; print(resource.getrlimit(10)[0])"
        >>> with inherited(1 << 62):
        ...     subprocess.run([sys.executable, "-c", program], capture_output=True).stdout
        b'4611686018427387904\\n'
    """
    if mark is None:
        yield
        return
    soft, hard = resource.getrlimit(LIMIT)
    resource.setrlimit(LIMIT, (mark, hard))
    try:
        yield
    finally:
        resource.setrlimit(LIMIT, (soft, hard))


def of(pid: int) -> int | None:
    """The mark of a process; None: it has none, or belongs to another user.

    Raises:
        ProcessLookupError: if there is no such process.
    """
    try:
        soft = resource.prlimit(pid, LIMIT)[0]
    except ProcessLookupError:
        raise
    except OSError:
        return None
    return soft if soft & _TOP and soft > 0 else None


def everyone() -> tuple[dict[int, list[int]], bool]:
    """The process ids with each mark on this machine, zombies included.

    Also returns whether a listed process was gone before its mark was read: then a process that it
    started in this moment may be missing.
    """
    found: dict[int, list[int]] = {}
    missed = False
    for name in os.listdir("/proc"):  # noqa: PTH208 - one call for each end of a job
        if not name.isdecimal():
            continue
        pid = int(name)
        try:
            mark = of(pid)
        except ProcessLookupError:
            missed = True
            continue
        if mark is not None:
            found.setdefault(mark, []).append(pid)
    return found, missed


def parse(text: str | None) -> int | None:
    """The mark in a field of a claim; None if there is none.

    Example:
        >>> parse("4611686018427387904"), parse("-"), parse("7")
        (4611686018427387904, None, None)
    """
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    mark = int(text)
    return mark if _TOP <= mark < _TOP << 1 else None
