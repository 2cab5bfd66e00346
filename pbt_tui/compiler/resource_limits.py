"""Limits the memory of an import, and finds and kills the processes that it started.

Must not know run modules. Child processes inherit resource limits even if they change their
session, descriptors or environment. So the limit of the address space serves as a mark: it contains
the pid of the child that imports, and no descendant loses it by accident.
"""

from __future__ import annotations

import os
import resource

from pbt_tui.compiler.suppress import suppress

_RESERVED = 4
"""The limit of the address space, in multiples of the memory limit: drivers and allocators reserve
much more address space than they use."""
_ROUNDS = 50
"""Searches for processes before `end_all` gives up."""
_PATIENCE = 1.0
"""Seconds to wait for a killed process to end."""
_LINE = b"Max address space "
"""The beginning of the line in `/proc/<pid>/limits` that contains the mark."""


def usual(most: int) -> int:
    """Memory limit in bytes of one import: at most half of the memory, because two run at once."""
    return min(most, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)


def limit(memory: int) -> None:
    """Limits the memory of this process to `memory` bytes, and disables its core dumps."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    for kind, most in (
        (resource.RLIMIT_AS, mark(memory, os.getpid())),
        (resource.RLIMIT_DATA, memory),
    ):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(kind, (most, hard))


def lift() -> None:
    """Lifts the memory limits: after an import ran out of memory, reporting that needs some."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (hard, hard))


def mark(memory: int, pid: int) -> int:
    """The address space limit of the child `pid`."""
    return memory * _RESERVED - pid


def end_all(marked: int, but: int | None = None) -> bool:
    """Kills all processes with this mark, also those that start meanwhile.

    Returns whether there was one.
    """
    import signal

    found, quiet = False, 0
    for _ in range(_ROUNDS):
        pids = [pid for pid in _pids() if pid != but]
        handles = [handle for pid in pids if (handle := _marked(pid, marked)) is not None]
        for handle in handles:
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        for handle in handles:
            _over(handle, _PATIENCE)
            os.close(handle)
        found = found or bool(handles)
        quiet = 0 if handles else quiet + 1
        if quiet > 1:  # a single search may miss a process that starts during it
            break
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _marked(pid: int, marked: int) -> int | None:
    """A pidfd of this process, if it has the mark and still runs."""
    with suppress(OSError):
        handle = os.pidfd_open(pid)  # opened before reading its limits: a pid may be reused
        with suppress(OSError), open(f"/proc/{pid}/limits", "rb") as limits:  # noqa: PTH123
            lines = (line for line in limits if line.startswith(_LINE))
            soft = next(lines, _LINE).removeprefix(_LINE).split()[:1]
            if soft == [b"%d" % marked] and not _over(handle, 0):
                return handle
        os.close(handle)
    return None


def _over(handle: int, seconds: float) -> bool:
    import select

    poller = select.poll()
    poller.register(handle, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
