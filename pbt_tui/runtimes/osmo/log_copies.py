"""Copies the log of a workflow into the logs of its attempts, each line once.

The service keeps the newest lines and tells them again with each request. A line has a time in
whole seconds, so the copy notes for each task the time of its last line, and the number of lines
with that time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.files.writing import open_append, write_all

_LINE = re.compile(
    rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[([A-Za-z0-9_-]{1,64})(?: retry-(\d{1,6}))?\](\[osmo\])?"
    rb" ?(.*)",
    re.DOTALL,
)
MOST = 32 << 20
"""Bytes of one log of the service that are copied at most."""


class LastLine(msgspec.Struct, frozen=True, array_like=True):
    """How far the log of a task has been copied."""

    stamp: str = ""
    """Time of the last line, as the service writes it."""
    count: int = 0
    """Number of lines with that time."""


_decoder = msgspec.json.Decoder(dict[str, LastLine])


class LogCopy:
    """One reading of the log of a workflow.

    Args:
        seen: File that says how far earlier readings came.
        logs: Name of a task to the file of its attempt.
    """

    def __init__(self, seen: Path, logs: Mapping[str, Path]) -> None:
        self._seen = seen
        self._logs = logs
        self._before = _read(seen)
        self._now = dict(self._before)
        self._counts: dict[str, LastLine] = {}
        self._texts: dict[str, list[bytes]] = {}
        self._last: str | None = None
        self._bytes = 0

    def take(self, line: bytes) -> bool:
        """Takes one line; False: that is enough for one reading."""
        self._bytes += len(line)
        match = _LINE.fullmatch(line)
        if match is None:
            if self._last is not None:  # the rest of a line that had a line feed in it
                self._texts[self._last].append(line)
            return self._bytes < MOST
        task = match[2].decode()
        self._last = None
        if task in self._logs and self._is_new(task, match[1].decode()):
            self._last = task
            text = b"osmo: " + match[5] if match[4] else match[5]
            self._texts.setdefault(task, []).append(text)
        return self._bytes < MOST

    def _is_new(self, task: str, stamp: str) -> bool:
        """Counts a line; whether no earlier reading had it."""
        last = self._counts.get(task, LastLine())
        stamp = max(stamp, last.stamp)  # lines of two streams may come in another order
        count = last.count + 1 if last.stamp == stamp else 1
        self._counts[task] = LastLine(stamp, count)
        before = self._before.get(task, LastLine())
        if stamp < before.stamp or (stamp == before.stamp and count <= before.count):
            return False
        self._now[task] = LastLine(stamp, count)
        return True

    def close(self) -> None:
        """Writes the new lines, and how far they go. Raises `OSError`."""
        for task, lines in self._texts.items():
            fd = open_append(self._logs[task], flags=os.O_NOFOLLOW)
            try:
                write_all(fd, b"".join(line + b"\n" for line in lines))
            finally:
                os.close(fd)
        if self._now != self._before:
            replace(self._seen, msgspec.json.encode(self._now) + b"\n", sync=False)


def copy(
    seen: Path, logs: Mapping[str, Path], read: Callable[[Callable[[bytes], bool]], None]
) -> None:
    """Copies what `read` passes on, also if it fails on the way; raises its errors, too."""
    one = LogCopy(seen, logs)
    try:
        read(one.take)
    finally:
        one.close()


def _read(path: Path) -> dict[str, LastLine]:
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return _decoder.decode(read_regular(path, TEXT_BYTES))
    return {}
