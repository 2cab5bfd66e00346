"""Strays: processes that outlive the main process of their attempt. Its end waits for theirs.

The main process of an attempt has ended and its exit code is known, but the attempt has not ended:
what it left may hold its GPU, its port or its files, and a retry must not run beside it. A stray
gets SIGTERM, then as long as a stopped job, then SIGKILL.

Must not read claims: the runtime says what has ended.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Sequence
from dataclasses import replace

from msgspec import Struct, field

from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.proc import Process
from pbt_tui.runtimes.process import descendants
from pbt_tui.runtimes.process.attempt import Name
from pbt_tui.runtimes.process.descendants import Family
from pbt_tui.runtimes.protocol import Ended

SETTLE = 0.1
"""Seconds that strays have before they get a signal: helpers of a job, such as the resource tracker
of multiprocessing, end by themselves a moment after it."""
_SOON, _LATER = 0.02, 0.1
"""Seconds between two looks, at first and later."""
_SHIM = 5.0
"""Seconds beyond the grace for a shim that ends the strays itself."""


class _Waiting(Struct):
    """An attempt whose main process has ended."""

    end: Ended
    family: Family
    told: set[str]
    """Handles of the processes that got SIGTERM, also before the end."""
    term_at: float
    """When to send SIGTERM, in monotonic seconds."""
    kill_at: float
    """When to send SIGKILL, in monotonic seconds."""
    look_at: float
    """When to look next, in monotonic seconds."""
    ended: set[str] = field(default_factory=set)
    """Handles of the strays that got a signal since the end."""


class Strays:
    """The strays of one run directory.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
        keep: whether strays may stay: then they are counted and get no signal.
    """

    def __init__(self, grace: float, keep: bool) -> None:
        self._grace = grace
        self._keep = keep
        self._waiting: dict[Name, _Waiting] = {}

    def __contains__(self, name: Name) -> bool:
        return name in self._waiting

    def add(
        self, end: Ended, family: Family, *, told: set[str] | None = None, busy: bool = False
    ) -> None:
        """Takes an end that may only be reported once its strays are gone.

        Args:
            end: the end of the main process.
            family: the processes of the attempt.
            told: handles of processes that got SIGTERM when the attempt was stopped.
            busy: whether its shim is ending the strays already.
        """
        family.over = True
        now = time.monotonic()
        term_at = now + SETTLE
        kill_at = term_at + self._grace
        if busy:
            term_at, kill_at = math.inf, kill_at + _SHIM
        self._waiting[end.job, end.attempt] = _Waiting(
            end, family, set(told or ()), term_at, kill_at, look_at=now
        )

    def look(self, ends: Sequence[tuple[Ended, Family]]) -> list[bool]:
        """Whether each attempt has strays that its end has to wait for; takes those, as `add`."""
        if self._keep:
            return [False] * len(ends)
        for _, family in ends:
            family.over = True
        found = [bool(left) for left in descendants.find([family for _, family in ends])]
        for (end, family), left in zip(ends, found, strict=True):
            if left:
                self.add(end, family, busy=proc.alive(family.shim))
        return found

    def stop(self, name: Name, *, kill: bool) -> None:
        """Sends SIGTERM or SIGKILL to the strays of an attempt at once."""
        one, now = self._waiting[name], time.monotonic()
        one.term_at = min(one.term_at, now)
        one.look_at = now
        if kill:
            one.kill_at = now

    def next_wake(self) -> float | None:
        """When to call `gone` next, in monotonic seconds; None if nothing waits."""
        return min((one.look_at for one in self._waiting.values()), default=None)

    def gone(self) -> list[Ended]:
        """The ends without strays; sends the signals that are due to those of the others."""
        now = time.monotonic()
        due = [name for name, one in self._waiting.items() if one.look_at <= now]
        if not due:
            return []
        families = [self._waiting[name].family for name in due]
        ends = []
        for name, left in zip(due, descendants.find(families), strict=True):
            one = self._waiting[name]
            if left and self._keep and now >= one.term_at:
                one.ended = {process.handle for process in left}
            elif left:
                self._step(one, left, now)
                continue
            del self._waiting[name]
            left_text = claims.strays_text(len(one.ended), kept=self._keep)
            ends.append(one.end if left_text is None else replace(one.end, left=left_text))
        return ends

    def _step(self, one: _Waiting, left: Sequence[Process], now: float) -> None:
        one.look_at = min(now + _SOON, one.term_at) if now < one.term_at else now + _LATER
        if now >= one.kill_at:
            one.ended |= descendants.kill(one.family)
            one.look_at = now + _SOON
        elif now >= one.term_at:
            for process in left:
                if process.handle not in one.told:
                    one.told.add(process.handle)
                    if proc.send(process, signal.SIGTERM):
                        one.ended.add(process.handle)
                    one.look_at = now + _SOON
        elif one.term_at == math.inf:
            one.ended.update(process.handle for process in left)
