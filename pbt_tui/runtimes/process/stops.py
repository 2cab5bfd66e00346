"""Stops and kills attempts that run: signals to all their processes.

A stop sends SIGTERM once to each process. A process that began before the stop and was missed, in
the moment of a fork, gets it from a second look. One that began after the stop gets none: it may be
the program by which the job saves its state. A kill leaves nothing but the shim, which records the
exit code.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from msgspec import Struct

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.proc import Process
from pbt_tui.runtimes.process import descendants
from pbt_tui.runtimes.process.attempt import FollowedAttempt
from pbt_tui.runtimes.process.descendants import Family, ProcessTable, members

_SCAN = 0.1
"""Seconds for which one snapshot serves the stops of a batch."""
_AGAIN = (0.2, 1.0)
"""Seconds after a stop at which its attempt is looked at again."""


class _Again(Struct):
    """An attempt to look at again."""

    at: float
    """When, in monotonic seconds."""
    tick: int
    """When it was stopped, in clock ticks since boot."""
    family: Family
    told: set[str]


class Stops:
    """The stops of one run directory."""

    def __init__(self) -> None:
        self._seen: ProcessTable | None = None
        self._again: list[_Again] = []

    def term(self, family: Family, told: set[str]) -> bool:
        """Sends SIGTERM to an attempt; False if it may have reached no job: then send it again.

        Args:
            family: the processes of the attempt; its shim lives. The shim catches the signal and
                survives, and so does the copy of it that is about to exec the job.
            told: handles of the processes that got SIGTERM; grows.
        """
        if self._seen is None or time.monotonic() > self._seen.at + _SCAN:
            self._seen = descendants.look()
        if not (found := members(family, self._seen)):
            self._seen = descendants.look()
            found = members(family, self._seen)
        if not told:
            now, tick = time.monotonic(), _tick()
            self._again += [_Again(now + wait, tick, family, told) for wait in _AGAIN]
        reached = _tell(family, found, told)
        if (shim := proc.look(proc.pid_of(family.shim))) and shim.handle == family.shim:
            proc.send(shim, signal.SIGTERM)  # it has not claimed the attempt: this ends it
        return reached

    def kill(self, family: Family) -> bool:
        """Kills all processes of an attempt but the shim; False if there were none: kill it again.

        Without another process the shim is about to start the job, or to record how the job ended,
        and a SIGKILL would lose that exit code. SIGTERM ends a shim only before it has claimed the
        attempt; SIGCONT wakes one that was stopped.
        """
        if descendants.kill(family):
            return True
        shim = proc.look(proc.pid_of(family.shim))
        if shim is None or shim.handle != family.shim or shim.dead:
            return True
        for number in (signal.SIGTERM, signal.SIGCONT):
            proc.send(shim, number)
        return False

    def next_wake(self) -> float | None:
        """When to call `look_again` next, in monotonic seconds."""
        return min((one.at for one in self._again), default=None)

    def look_again(self) -> None:
        """Sends SIGTERM to processes that began before their stop and have not got it."""
        now = time.monotonic()
        due = [one for one in self._again if one.at <= now]
        if not due:
            return
        self._again = [one for one in self._again if one.at > now]
        seen = descendants.look()
        for one in due:
            found = [p for p in members(one.family, seen) if int(p.start) < one.tick]
            _tell(one.family, found, one.told)


def _tell(family: Family, found: Sequence[Process], told: set[str]) -> bool:
    shim = proc.command_line(proc.pid_of(family.shim))
    reached = False
    for process in found:
        # A copy of the shim becomes the job, with the same pid, and forgets what it has caught.
        is_copy = proc.command_line(process.pid) in (b"", shim)
        reached = reached or not is_copy
        if process.handle not in told:
            if not is_copy:
                told.add(process.handle)
            proc.send(process, signal.SIGTERM)
    return reached


def _tick() -> int:
    """Now, in clock ticks since boot, as `/proc` counts them."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def mark_stop(rundir: RunDir, found: FollowedAttempt) -> None:
    """Makes the mark of a stop, before the signal.

    If that fails, or if the shim does not know the mark, the claim as it is before the first signal
    decides the order.
    """
    made = claims.mark_stop(rundir.stop_mark(*found.name))
    if found.order is None and not (made and found.mark):
        found.order = claims.order_without_mark(rundir.claim(*found.name))
