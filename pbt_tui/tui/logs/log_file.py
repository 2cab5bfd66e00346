"""Reads a log of any size in bounded pieces, by position, also while a job writes to it.

It uses `pread` and must not use `mmap`: reading a map of a file that shrank kills the process.
Positions are byte offsets of line starts; a line number is known once `index` has counted so far.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from pbt_tui.files.regular import open_regular
from pbt_tui.observe.log_reader import clean
from pbt_tui.tui.logs.needle import Needle

CHUNK = 256 * 1024
_SHOWN = 16 * 1024
"""Bytes shown of one line: its end if the job rewrites it with `\\r`, else its start."""
PIECE = 64 * 1024
"""Bytes that are searched at once. From 112 KiB on, the C library gives each buffer back to the
system and asks for it again, and a search takes twice as long."""


class LogRow(NamedTuple):
    """A line as it is shown."""

    start: int
    text: str
    end: int
    """Where the next line starts."""
    lines: int = 1
    """Lines of the log that it stands for."""


class LogRows(Protocol):
    """The lines of a log, or some of them, page by page."""

    def forward(self, start: int, count: int) -> list[LogRow]:
        """At most `count` lines from the line start `start` on."""

    def back(self, start: int, count: int) -> int:
        """The line start `count` lines before the line start `start`."""

    def last_page(self, count: int) -> int:
        """The start of the last `count` lines."""


class LogFile:
    """An open log, which may be missing, grow, shrink or be replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes of it that are read."""
        self.limit: int | None = None
        """Bytes of it that are read at most; None: all."""
        self._whole = 0
        self.trouble: str | None = "not there yet"
        self._fd: int | None = None
        self._inode = -1
        self._counts = array("Q")
        """For each indexed chunk: the number of newlines before its end."""
        self.check()

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def check(self) -> Literal["same", "grown", "replaced"]:
        """Compares the file with the last check, at the cost of one `stat`."""
        try:
            status = self.path.stat()
        except OSError as e:
            self.trouble = "not there yet" if isinstance(e, FileNotFoundError) else str(e.strerror)
            return "same"
        size = status.st_size if self.limit is None else min(status.st_size, self.limit)
        if self._fd is None or status.st_ino != self._inode or status.st_size < self._whole:
            again = self._fd is not None
            self.close()
            try:
                self._fd = open_regular(self.path)
            except OSError as e:
                self.trouble = str(e.strerror).lower()
                self.size = self._whole = 0
                return "same"
            self._inode, self.size, self.trouble = status.st_ino, size, None
            self._whole = status.st_size
            self._counts = array("Q")
            return "replaced" if again else "grown"
        self._whole = status.st_size
        if size == self.size:
            return "same"
        self.size = size
        return "grown"

    # -- pages -------------------------------------------------------------------------------------

    def forward(self, start: int, count: int) -> list[LogRow]:
        """At most `count` lines, beginning at the line start `start`."""
        rows: list[LogRow] = []
        while len(rows) < count and start < self.size:
            end = self._newline(start)
            rows.append(LogRow(start, self._text(start, end), end + 1))
            start = end + 1
        return rows

    def back(self, start: int, count: int) -> int:
        """The line start `count` lines before the line start `start`."""
        at = start
        want = count
        high = start - 1  # the newline that ends the line before
        while want > 0 and high > 0:
            low = max(0, high - CHUNK)
            data = self.read(low, high - low)
            place = len(data)
            while want > 0 and (place := data.rfind(b"\n", 0, place)) >= 0:
                at = low + place + 1
                want -= 1
            high = low
        return 0 if want > 0 else at

    def last_page(self, count: int) -> int:
        """The start of the last `count` lines; a last line without a newline counts."""
        ends_with_newline = self.size > 0 and self.read(self.size - 1, 1) == b"\n"
        return self.back(self.size, count) if ends_with_newline else self.back(self.size + 1, count)

    def _newline(self, start: int) -> int:
        """The position of the newline that ends the line, or the end of the file."""
        step = 4096
        while start < self.size:
            data = self.read(start, step)
            if not data:
                break
            place = data.find(b"\n")
            if place >= 0:
                return start + place
            start += len(data)
            step = CHUNK
        return self.size

    def _text(self, start: int, end: int) -> str:
        if end - start <= _SHOWN:
            return clean(self.read(start, end - start))
        last = self.read(end - _SHOWN, _SHOWN)
        if b"\r" in last.rstrip(b"\r"):
            return clean(last)
        return clean(self.read(start, _SHOWN))

    def read(self, start: int, size: int) -> bytes:
        """At most `size` bytes from a position on."""
        if self.limit is not None:
            size = min(size, self.limit - start)
        if self._fd is None or size <= 0:
            return b""
        try:
            return os.pread(self._fd, size, max(0, start))
        except OSError as e:
            self.trouble = str(e.strerror).lower()
            return b""

    # -- line numbers ------------------------------------------------------------------------------

    @property
    def indexed(self) -> int:
        """Bytes whose lines have been counted."""
        return min(self.size, len(self._counts) * CHUNK)

    def index(self, chunks: int) -> bool:
        """Counts the lines of the next `chunks` whole chunks; True while there are more."""
        for _ in range(chunks):
            start = len(self._counts) * CHUNK
            if start + CHUNK > self.size:
                return False
            before = self._counts[-1] if self._counts else 0
            self._counts.append(before + self.read(start, CHUNK).count(b"\n"))
        return True

    def number(self, start: int) -> int | None:
        """The number, from 1, of the line that starts there; None if it is not counted yet."""
        chunk = start // CHUNK
        if chunk > len(self._counts):
            return None
        before = self._counts[chunk - 1] if chunk else 0
        return before + self.read(chunk * CHUNK, start - chunk * CHUNK).count(b"\n") + 1

    def line(self, number: int) -> int | None:
        """The start of a line by its number, from 1; None if it is not there, or not counted."""
        if number <= 1:
            return 0 if number == 1 and self.size else None
        chunk = bisect_left(self._counts, number - 1)
        at = chunk * CHUNK
        left = number - 1 - (self._counts[chunk - 1] if chunk else 0)
        data, place = self.read(at, CHUNK), -1
        for _ in range(left):
            place = data.find(b"\n", place + 1)
            if place < 0:
                return None
        return at + place + 1 if at + place + 1 < self.size else None

    # -- searching ---------------------------------------------------------------------------------

    def search(self, needle: Needle, start: int, back: bool) -> Iterator[int | None]:
        """Yields None after each piece without a match, and the line start of the first match.

        Without a match it ends after the last None. The search begins with the line that starts
        at `start`, or before that line if `back`.
        """
        return self._before(needle, start) if back else self._after(needle, start)

    def after(self, start: int) -> int:
        """Where the line ends that starts at `start`, and the next one starts."""
        return self._newline(start) + 1

    def _after(self, needle: Needle, low: int) -> Iterator[int | None]:
        while low < self.size:
            data = self.read(low, PIECE)
            if not data:
                return
            cut = data.rfind(b"\n") + 1 or len(data)
            if (match := needle.first(data if cut == len(data) else data[:cut])) >= 0:
                yield low + data.rfind(b"\n", 0, match) + 1
                return
            low += cut
            yield None

    def _before(self, needle: Needle, high: int) -> Iterator[int | None]:
        while high > 0:
            low = max(0, high - PIECE)
            data = self.read(low, high - low)
            skip = data.find(b"\n") + 1 if low else 0
            if skip >= len(data):
                skip = 0  # the line is longer than a piece: search it piece by piece
            if (match := needle.last(data[skip:] if skip else data)) >= 0:
                yield low + data.rfind(b"\n", 0, skip + match) + 1
                return
            high = low + skip
            yield None
