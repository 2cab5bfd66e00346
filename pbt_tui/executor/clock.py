"""The clock of the journal: Unix time that never goes back."""

from __future__ import annotations

import time


class Clock:
    """Wall time at start (or the journal's last `at` if later), plus monotonic time since then."""

    def __init__(self, last: float = 0.0) -> None:
        self._offset = max(time.time(), last) - time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return time.monotonic() + self._offset
