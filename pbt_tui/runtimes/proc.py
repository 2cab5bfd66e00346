"""Linux processes: identity, sessions, and signals that cannot hit the wrong process.

A process is identified by pid and start time (clock ticks since boot, field 22 of
`/proc/<pid>/stat`): the kernel reuses a pid alone.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_MISSED = (ProcessLookupError, PermissionError)
"""The process is gone, or runs as another user now: the caller sends its signal again."""
_PIECE = 1 << 16
_SHORT = 2048
"""A list in `/proc` of fewer bytes was read to its end: the kernel fills a page, if it can."""
_STAT = 4096
"""More bytes than `/proc/<pid>/stat` has."""


class Process(Struct, frozen=True):
    """A process as `/proc/<pid>/stat` describes it."""

    pid: int
    """Process id."""
    state: str
    """State in one letter: `R` for running, `Z` for a zombie."""
    parent: int
    """Process id of its parent."""
    group: int
    """Process group."""
    session: int
    """Session: the process id of its leader."""
    start: str
    """Start time, in clock ticks since boot."""

    @property
    def dead(self) -> bool:
        """Whether it has ended; a zombie has, and only its parent has not read its exit code."""
        return self.state in "ZX"

    @property
    def handle(self) -> str:
        """`pid.start`, which no other process of this boot ever has."""
        return f"{self.pid}.{self.start}"


def boot_id() -> str:
    """The id of this boot: a pid is valid within one boot only."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def namespace() -> str:
    """The pid namespace of this process, as the inode of `/proc/self/ns/pid`; `-` if unknown.

    A pid is valid within one namespace only. Containers share the boot id of their host.
    """
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)  # noqa: PTH116 - not a file of ours
    except OSError:
        return "-"


def look(pid: int) -> Process | None:
    """The process that has this pid now, zombies included."""
    fields = _fields(pid)
    if len(fields) < 20:
        return None
    state, parent, group, session = fields[:4]
    return Process(pid, state.decode(), int(parent), int(group), int(session), fields[19].decode())


def start_of(pid: int) -> bytes:
    """The start time of the process that has this pid now; empty if there is none."""
    fields = _fields(pid)
    return fields[19] if len(fields) > 19 else b""


def open_children(pid: int, thread: str) -> int:
    """Opens the list of the children of a thread.

    Raises:
        OSError: if it has ended, or the kernel has no such lists.
    """
    return os.open(f"/proc/{pid}/task/{thread}/children", os.O_RDONLY | os.O_CLOEXEC)


def listed(fd: int) -> set[bytes]:
    """The pids in a list that `open_children` opened, as it is now; empty if the thread has ended.

    A child that ends while the kernel writes a list may hide another one, so that a list that is
    not empty is read twice.
    """
    first = _whole(fd)
    if not first:
        return set()
    second = _whole(fd)
    found = set(first.split())
    return found if first == second else found.union(second.split())


def _whole(fd: int) -> bytes:
    data = os.pread(fd, _PIECE, 0)
    if len(data) < _SHORT:
        return data
    while more := os.pread(fd, _PIECE, len(data)):
        data += more
    return data


def _fields(pid: int) -> list[bytes]:
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        text = os.read(fd, _STAT)
    except OSError:
        return []
    finally:
        os.close(fd)
    # The name in brackets may itself hold blanks and brackets.
    return text[text.rfind(b")") + 2 :].split()


def alive(handle: str) -> bool:
    """Whether the process `pid.start` still runs, and not another one with its pid."""
    process = look(pid_of(handle))
    return process is not None and process.handle == handle and not process.dead


def pid_of(handle: str) -> int:
    """The process id in a handle."""
    return int(handle.partition(".")[0])


def everyone() -> Iterator[Process]:
    """All processes that `/proc` shows and that have not ended."""
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    for pid in pids:
        process = look(pid)
        if process is not None and not process.dead:
            yield process


def stop_session(leader: str, others: list[Process]) -> bool:
    """Sends SIGTERM to all process groups of a session; False if it may have reached no job.

    Args:
        leader: handle of the session's leader, the shim. It catches the signal and survives, and
            so does the copy of it that is about to exec the job.
        others: the other processes of the session. The list may be a moment old: it only adds
            process groups (`timeout` makes one of its own).
    """
    if not alive(leader):
        return True
    pid = pid_of(leader)
    shim = command_line(pid)
    reached = any(command_line(process.pid) not in (b"", shim) for process in others)
    for group in {pid} | {process.group for process in others}:
        _signal_group(group, signal.SIGTERM)
    return reached


def kill_session(leader: str, others: list[Process]) -> bool:
    """Kills the other processes of a session; False if there were none: then send it again.

    The leader is the shim. Without another process it is about to start the job, or to record how
    the job ended, and a SIGKILL would lose that exit code. SIGTERM ends a shim only before it has
    claimed the attempt; SIGCONT wakes one that was stopped.
    """
    for process in others:
        if alive(process.handle):
            _signal(process.pid, signal.SIGKILL)
    if others or not alive(leader):
        return True
    for number in (signal.SIGTERM, signal.SIGCONT):
        _signal_group(pid_of(leader), number)
    return False


def send(process: Process, number: signal.Signals) -> bool:
    """Sends a signal to a process; False if it has ended, or runs as another user now.

    Its start time is compared while a pidfd holds its pid, so that no other process gets the
    signal.
    """
    try:
        fd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    except OSError:  # a kernel without pidfds, or no descriptor is left
        fd = None
    try:
        if not alive(process.handle):
            return False
        if fd is None:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(fd, number)
    except _MISSED:
        return False
    finally:
        if fd is not None:
            os.close(fd)
    return True


def reap(pid: int) -> None:
    """Takes the exit status of a child that has ended; does nothing if it was taken already."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def command_line(pid: int) -> bytes:
    """The command line of a process, each word with a null byte; empty for a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(*_MISSED):
        os.killpg(group, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(*_MISSED):
        os.kill(pid, number)
