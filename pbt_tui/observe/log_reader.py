"""Reads logs from the end, in pieces of bounded size, and cleans their lines for display.

A log that is not a regular file is as no log.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pbt_tui.errors import printable
from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular

TAIL = 256 * 1024
"""Bytes to read from the end by default."""
COUNTABLE = 256 * 1024 * 1024
"""Bytes beyond which lines have no number, because to count them would take too long."""
_CLIP = 2000
"""Most characters of a cleaned line."""
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LogLine(NamedTuple):
    """One line of a log."""

    offset: int
    """Offset of its first byte in the file."""
    raw: bytes
    """Its bytes without the newline."""

    @property
    def text(self) -> str:
        """The line for people, without control characters."""
        return clean(self.raw)


def clean(raw: bytes) -> str:
    """A line for people: what a terminal would show of it, without control characters.

    Keeps the last state of a progress bar that rewrites itself with `\\r`, and at most the first
    2000 characters.
    """
    shown = raw.rstrip(b"\r\n \t\x00")
    start = shown.rfind(b"\r") + 1
    text = shown[start : start + 8 * _CLIP].decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return printable(_CONTROL.sub("", text).expandtabs(4).rstrip()[:_CLIP])


def tail(path: Path, size: int = TAIL) -> list[LogLine]:
    """The lines in the last `size` bytes, oldest first; empty without a log.

    Leaves out a line that begins before these bytes, unless it is the only one.
    """
    try:
        fd = open_regular(path)
    except OSError:
        return []
    try:
        end = disk.calls.fstat(fd).st_size
        start = max(0, end - size)
        data = _pread(fd, start, end - start)
    except OSError:
        return []
    finally:
        disk.let_go(fd)
    return split(data, start, whole=start == 0)


def split(data: bytes, start: int, *, whole: bool) -> list[LogLine]:
    """`data` as lines; `start` is its offset, and `whole` says whether a line begins there."""
    pieces = data.split(b"\n")
    if not pieces[-1]:
        pieces.pop()
    lines: list[LogLine] = []
    for piece in pieces:
        lines.append(LogLine(start, piece))
        start += len(piece) + 1
    return lines if whole or len(lines) < 2 else lines[1:]


def _pread(fd: int, start: int, size: int) -> bytes:
    """Calls `pread` until it has all bytes: network file systems may return fewer."""
    parts: list[bytes] = []
    while size > 0:
        part = disk.calls.pread(fd, min(size, 1 << 24), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
        size -= len(part)
    return b"".join(parts)


def line_number(path: Path, offset: int) -> int | None:
    """The number, from 1, of the line with the byte at `offset`; None beyond `COUNTABLE` bytes."""
    if offset > COUNTABLE:
        return None
    count = 1
    try:
        log = open_regular(path)
    except OSError:
        return None
    try:
        while offset > 0:
            part = disk.calls.read(log, min(offset, 1 << 20))
            if not part:
                return None
            count += part.count(b"\n")
            offset -= len(part)
    except OSError:
        return None
    finally:
        disk.let_go(log)
    return count


class Follower:
    """Reads the whole lines that were added to a file since the last call."""

    def __init__(self, path: Path, *, first: int = 32 * 1024 * 1024) -> None:
        self.path = path
        """The file."""
        self.first = first
        """Most bytes from the end that the first call reads."""
        self.cut = False
        """Whether it left out the beginning of the file."""
        self.problem: str | None = None
        """Why the last call could not read the file, if the file exists."""
        self._offset: int | None = None
        self._begin = 0
        self._inode = 0

    def lines(self, budget: int = 8 * 1024 * 1024) -> list[LogLine]:
        """New complete lines, at most `budget` bytes of them; call again until it returns none."""
        data = self.block(budget)
        return split(data, self._begin, whole=True) if data else []

    def block(self, budget: int = 8 * 1024 * 1024) -> bytes:
        """The same as bytes, for callers that search for few lines among many.

        A file that shrank or was replaced is read from its beginning.
        """
        try:
            fd = open_regular(self.path)
        except OSError as e:
            missing = isinstance(e, FileNotFoundError | NotADirectoryError)
            self.problem = None if missing else e.strerror or type(e).__name__
            return b""
        self.problem = None
        try:
            seen = disk.calls.fstat(fd)
            begin = self._offset
            fresh = False
            if begin is None or seen.st_ino != self._inode or seen.st_size < begin:
                begin = max(0, seen.st_size - self.first)
                self.cut = fresh = begin > 0
                self._inode = seen.st_ino
            data = _pread(fd, begin, min(budget, seen.st_size - begin))
        except OSError:
            return b""
        finally:
            disk.let_go(fd)
        end = data.rfind(b"\n") + 1
        if not end and len(data) == budget:
            end = len(data)  # a line larger than the budget: no reader needs it
        start = data.find(b"\n", 0, end) + 1 if fresh else 0
        self._offset = begin + end
        self._begin = begin + start
        return data[start:end]
