"""What the processes of a job use on this machine: CPU time and memory, from `/proc`.

Reads a process and its descendants. A process that ends meanwhile counts as one that uses nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

MOST = 512
"""Processes of one job that are read at most."""
_CLOCK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessUse(NamedTuple):
    """What the processes of a job use now."""

    cores: float | None
    """CPU cores that they used since the last reading; None: it is the first one."""
    resident: int
    """Their resident memory in bytes; what they share counts several times."""
    processes: int
    """How many they are."""


class UseReader:
    """Reads the use of one job after the other; two readings of one job tell its cores.

    Example:
        >>> reader = UseReader()
        >>> use = reader.read(os.getpid(), 100.0)
        >>> use is not None and use.processes >= 1 and use.cores is None
        True
    """

    def __init__(self) -> None:
        self._last: tuple[int, float, float] | None = None
        """Process, time and CPU seconds of the last reading."""

    def read(self, pid: int, now: float, start: int | None = None) -> ProcessUse | None:
        """What a process and its descendants use; None: it is not there.

        Args:
            pid: The process.
            now: The time in seconds, on any clock that does not go back.
            start: When it started, in clock ticks since boot: another process may have its number
                now.
        """
        spent, resident, count = 0.0, 0, 0
        left = [pid]
        while left and count < MOST:
            one = left.pop()
            fields = _stat(one)
            if fields is None:
                continue
            if one == pid and start is not None and int(fields[19]) != start:
                return None
            spent += sum(int(fields[k]) for k in (11, 12, 13, 14)) / _CLOCK
            resident += max(0, int(fields[21])) * _PAGE
            count += 1
            left += _children(one)
        if not count:
            return None
        cores = None
        if self._last is not None and self._last[0] == pid and now > self._last[1]:
            cores = max(0.0, (spent - self._last[2]) / (now - self._last[1]))
        self._last = (pid, now, spent)
        return ProcessUse(cores, resident, count)


def boot_id() -> str:
    """The id of this boot of this machine; empty where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _stat(pid: int) -> list[str] | None:
    """The fields of `/proc/PID/stat` after the name of the process."""
    try:
        data = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = data.rpartition(b")")[2].decode("ascii", "replace").split()
    return (
        fields if len(fields) > 21 and all(f.lstrip("-").isdigit() for f in fields[1:22]) else None
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())[:64]
    except OSError:
        return found
    for task in tasks:
        try:
            text = Path(f"/proc/{pid}/task/{task.name}/children").read_bytes()
        except OSError:
            continue
        found += [int(word) for word in text.split() if word.isdigit()]
    return found
