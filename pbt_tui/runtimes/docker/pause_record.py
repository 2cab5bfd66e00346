"""Which containers are paused, and since when: kept in memory, and in `paused.json` for screens.

Several threads call it. Must not ask the engine.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from pbt_tui.files.atomic import replace
from pbt_tui.observe.pauses import Pause, encode, read, went_on
from pbt_tui.observe.queue_status import key
from pbt_tui.runtimes.docker.attempt import Name


class PauseRecord:
    """The pauses of one run directory. `path` is its `paused.json`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._before = read(path)
        """Pauses that an earlier executor wrote, until it is known whether they are over."""
        self._now: dict[str, Pause] = {}
        self._went_on = went_on(path)
        self._written = dict(self._before), dict(self._went_on)

    def knows(self, name: Name) -> bool:
        """Whether an attempt is known to be paused."""
        with self._lock:
            return key(*name) in self._now

    def begin(self, name: Name, since: float | None) -> None:
        """An attempt is paused; `since` None: an earlier executor may have written since when."""
        with self._lock:
            self._went_on.pop(key(*name), None)
            before = self._before.pop(key(*name), None)
            self._now[key(*name)] = Pause(since) if since or not before else before
            self._write()

    def goes_on(self, name: Name) -> None:
        """An attempt is not paused; if it was known to be, it went on just now."""
        with self._lock:
            if self._forget(name):
                self._went_on[key(*name)] = time.time()
                self._write()

    def end(self, name: Name) -> None:
        """An attempt has ended."""
        with self._lock:
            self._forget(name)
            self._went_on.pop(key(*name), None)
            self._write()

    def _forget(self, name: Name) -> bool:
        """Whether it was known to be paused."""
        known = [one.pop(key(*name), None) for one in (self._before, self._now)]
        return any(known)

    def _write(self) -> None:
        found = self._before | self._now, dict(self._went_on)
        if found != self._written:
            with suppress(OSError):  # screens can do without it
                replace(self._path, encode(*found), sync=False)
                self._written = found
