"""What an import may take of the machine, and what tells the processes that it started.

Must not know run modules. All that a process starts inherits its limits, whatever it does to its
session, its descriptors and its environment: so the limit of the address space, less the pid of
the one that was limited, is a mark that its descendants cannot lose by accident.
"""

from __future__ import annotations

import os
import resource

from pbt_tui.compiler.suppress import suppress

_RESERVED = 4
"""So many times may be reserved: drivers and allocators take address space for later."""
_ROUNDS = 50
_PATIENCE = 1.0
"""Seconds for the kernel to take down what was killed."""
_LINE = b"Max address space "
"""How the line of `/proc/<pid>/limits` begins that has the mark."""


def usual(most: int) -> int:
    """Bytes that one of two imports may take, so that both leave the machine standing."""
    return min(most, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)


def limit(memory: int) -> None:
    """Limits this process to `memory` bytes of its own, and lets it leave no core behind."""
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
    """Gives way again: where memory has run out, there has to be some to say so."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (hard, hard))


def mark(memory: int, pid: int) -> int:
    return memory * _RESERVED - pid


def end_all(marked: int, but: int | None = None) -> bool:
    """Kills every process with this mark, and those they start meanwhile; true if there was one."""
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
        if quiet > 1:  # one look may miss who is born between its beginning and its end
            break
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _marked(pid: int, marked: int) -> int | None:
    """A handle of a process with this mark that still runs."""
    with suppress(OSError):
        handle = os.pidfd_open(pid)  # before it is looked at: a pid may come again
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
