"""The keeper: a process that holds the slots of a container for as long as the container lives.

A container cannot inherit a socket of its executor, and must keep its slots if the executor dies.
So a shell holds them and reads a named pipe beside the attempt file. The executor holds the writing
end until the attempt has ended; the wrapper in the container opens the pipe and hands it on to the
job. Once neither is there, the shell reads the end of the pipe and ends, and the slots are free.

Must not know containers: the runtime says when an attempt begins and when it has ended.
"""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path

from pbt_tui.files import disk, folders
from pbt_tui.machine_slots import HeldSlots

SHELL = "/bin/sh"
_LOOP = "while read -r _; do :; done"
_LOWEST = 3


def pipe_of(claim: Path) -> Path:
    """The pipe beside an attempt file; the wrapper makes the same name."""
    return claim.with_name(f"{claim.name}.slots")


class Keeper:
    """The keeper of one attempt, which this process started."""

    def __init__(self, pid: int, writing: int) -> None:
        self._pid = pid
        self._writing: int | None = writing

    @classmethod
    def start(cls, slots: HeldSlots, claim: Path, *, foreign: bool) -> Keeper:
        """Starts a keeper, and lets go of the slots here.

        Args:
            slots: what it holds.
            claim: the attempt file.
            foreign: whether the job may run as another user.

        Raises:
            OSError: if the pipe cannot be made or the shell not be started.
        """
        path = pipe_of(claim)
        folders.make_pipe(path, everyone=foreign)
        # Without O_NONBLOCK, each of the two would wait for the other.
        flags = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
        reading = disk.calls.open(path, os.O_RDONLY | flags)
        try:
            writing = disk.calls.open(path, os.O_WRONLY | flags)
            os.set_blocking(reading, True)
            try:
                pid = _spawned(slots, reading)
            except OSError:
                disk.let_go(writing)
                raise
        finally:
            disk.let_go(reading)
        slots.close()
        return cls(pid, writing)

    def leave(self) -> None:
        """Leaves it to the container: the keeper ends with it, or now if there is none."""
        if self._writing is not None:
            disk.let_go(self._writing)
            self._writing = None

    def end(self) -> None:
        """Frees the slots: the attempt has ended."""
        self.leave()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _spawned(slots: HeldSlots, reading: int) -> int:
    count = len(slots.descriptors)
    # Above the numbers that the shell gets, so that no copy takes the place of another one.
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LOWEST + count) for fd in slots.descriptors]
    try:
        return os.posix_spawn(
            SHELL,
            ["sh", "-c", _LOOP, "pbt-slots"],
            {},
            file_actions=(
                (os.POSIX_SPAWN_DUP2, reading, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *((os.POSIX_SPAWN_DUP2, fd, _LOWEST + i) for i, fd in enumerate(copies)),
            ),
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM),
        )
    finally:
        for fd in copies:
            os.close(fd)
