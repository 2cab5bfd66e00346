"""Collects requests from request files and signals, in order; each is answered once.

The event loop decides whether a request is accepted or refused.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import BadSpec
from pbt_tui.files import folders
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.journal import requests
from pbt_tui.journal.events import Request
from pbt_tui.journal.owners import NOBODY_ELSE, Trust, obeyed
from pbt_tui.journal.run_dir import RunDir

_BY_SIGNAL = "signal"
_LOOK_INTERVAL = 0.1
"""Seconds after which a folder that seems unchanged is listed again."""


@dataclass(frozen=True, slots=True)
class UnreadableRequest:
    """A damaged request file: refused under the name of the file."""

    id: str
    why: str


def is_stop_of_others(request: Request | UnreadableRequest) -> bool:
    """Whether a request asks for a stop, and no signal to this process caused it."""
    if not isinstance(request, Request):
        return False
    return request.action == "stop" and request.by != _BY_SIGNAL


class RequestInbox:
    """The request files of one run directory, and the stop requests that signals cause."""

    def __init__(self, rundir: RunDir, trust: Trust = NOBODY_ELSE) -> None:
        self._rundir = rundir
        self._obeyed = obeyed(rundir, trust)
        self._signals: list[Request] = []
        self._look_at = 0.0
        """When to list the folder although it has not changed, in monotonic seconds."""
        self._changed: int | None = None
        """When the folder was last changed, as its file system dates it."""
        self._taken: dict[str, Path] = {}

    def signal(self) -> None:
        """Adds a stop request for SIGINT or SIGTERM. A second stop kills."""
        name = f"{time.time_ns()}-{os.getpid()}"
        self._signals.append(Request(id=name, action="stop", by=_BY_SIGNAL))

    def new(self) -> list[Request | UnreadableRequest]:
        """The requests that arrived since the last call.

        Raises:
            RunError: if their folder cannot be read: then the run directory was moved, or its disk
                fails.
        """
        found: list[Request | UnreadableRequest] = []
        waiting: list[Path] = []
        try:
            # Two changes may have one date, and a file system may date late: so it is listed every
            # now and then all the same.
            now, changed = time.monotonic(), folders.changed(self._rundir.requests)
            if changed != self._changed or now >= self._look_at:
                self._changed, self._look_at = changed, now + _LOOK_INTERVAL
                waiting = requests.pending(self._rundir, strict=True)
        except OSError as e:
            raise cannot_go_on(e, "cannot look for requests", self._rundir.requests) from e
        for path in waiting:
            if path.stem in self._taken:
                continue
            self._taken[path.stem] = path
            try:
                found.append(requests.read(path, self._obeyed))
            except BadSpec as e:
                found.append(UnreadableRequest(path.stem, e.what))
            except OSError as e:
                raise cannot_go_on(e, "cannot read a request", path) from e
        found += self._signals
        self._signals.clear()
        return found

    def done(self, name: str) -> None:
        """Removes the file of a request whose answer is durable."""
        path = self._taken.get(name)
        if path is not None:
            with suppress(OSError):  # a file that stays is answered anyway, and never read again
                folders.remove(path)
                del self._taken[name]
