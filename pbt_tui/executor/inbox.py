"""Where requests of people and signals arrive, in order, each answered once.

Must not judge them: the loop accepts or refuses.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import BadSpec
from pbt_tui.journal import requests
from pbt_tui.journal.events import Request
from pbt_tui.journal.run_dir import RunDir


@dataclass(frozen=True, slots=True)
class UnreadableRequest:
    """A request file that is damaged: refused by its name."""

    id: str
    why: str


class RequestInbox:
    """Request files of one run directory, and the stops that signals ask for."""

    def __init__(self, rundir: RunDir) -> None:
        self._rundir = rundir
        self._signals: list[Request] = []
        self._taken: dict[str, Path] = {}

    def signal(self) -> None:
        """INT, TERM or a lost terminal: the first asks to stop, the second to kill."""
        name = f"{time.time_ns()}-{os.getpid()}"
        self._signals.append(Request(id=name, action="stop", by="signal"))

    def new(self) -> list[Request | UnreadableRequest]:
        """What arrived since the last call."""
        found: list[Request | UnreadableRequest] = []
        for path in requests.pending(self._rundir):
            if path.stem in self._taken:
                continue
            self._taken[path.stem] = path
            try:
                found.append(requests.read(path))
            except BadSpec as e:
                found.append(UnreadableRequest(path.stem, e.what))
        found += self._signals
        self._signals.clear()
        return found

    def done(self, name: str) -> None:
        """The answer is durable: the file goes."""
        path = self._taken.get(name)
        if path is not None:
            with suppress(OSError):  # what cannot be removed was answered all the same
                path.unlink(missing_ok=True)
                del self._taken[name]
