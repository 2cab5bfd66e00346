"""The clock of a recording: it is set step by step, then runs faster than the clock on the wall."""

from __future__ import annotations

import time

SPEED = 60.0
"""Seconds of the recording that pass in one second."""
START = 1_760_000_000.0
"""When the example run began, in Unix seconds: 2025-10-09 08:53:20 UTC."""
SHOWN_FROM = 4 * 3600.0 + 120.0
"""Seconds after the start of the example run at which a person begins to watch."""


class RecordingClock:
    """The time in a recording, in Unix seconds.

    Args:
        at: The time at which it stands.
        base: The monotonic time from which on it runs; None: it stands still. The monotonic clock
            is the same in all processes of a machine.

    Example:
        >>> clock = RecordingClock(100.0)
        >>> clock.advance(20.0)
        >>> clock.now()
        120.0
    """

    def __init__(self, at: float = START, base: float | None = None) -> None:
        self._at = at
        self._base = base

    def now(self) -> float:
        """The time in the recording."""
        if self._base is None:
            return self._at
        return self._at + max(0.0, time.monotonic() - self._base) * SPEED

    def advance(self, seconds: float) -> None:
        """Sets a clock that stands still forward.

        Args:
            seconds: Seconds of the recording.
        """
        self._at += seconds

    def run(self) -> float:
        """Lets it run from now on; returns the monotonic time of now, for a second clock."""
        self._base = time.monotonic()
        return self._base
