"""A log in which each traceback is one line, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pbt_tui.tui.logs.log_file import LogFile, LogRow

_HEADER = re.compile(r"^(?P<before>.*?)(?:\w+ )?Traceback \(most recent call last\):")
_MOST = 400
"""Most lines of one traceback."""
_AHEAD = 64


class FoldedLines:
    """A view of a log that folds its tracebacks.

    Args:
        file: the log.
        opened: the line starts of tracebacks that are shown whole.
    """

    def __init__(self, file: LogFile, opened: set[int]) -> None:
        self._file = file
        self._opened = opened

    def forward(self, start: int, count: int) -> list[LogRow]:
        """At most `count` lines from the line start `start` on."""
        rows: list[LogRow] = []
        for row in self._folded(start, self._file.size):
            rows.append(row)
            if len(rows) == count:
                break
        return rows

    def back(self, start: int, count: int) -> int:
        """The line start `count` lines, or folded tracebacks, before the line start `start`."""
        begin = start
        for _ in range(16):
            further = self._file.back(begin, count + _AHEAD)
            if further == begin:
                break
            begin = further
            before = [row.start for row in self._folded(begin, start)]
            if len(before) > count:
                return before[-count]
        before = [row.start for row in self._folded(begin, start)]
        return before[-count:][0] if before else start

    def last_page(self, count: int) -> int:
        """The start of the last `count` lines."""
        last = self._file.last_page(1)
        return self.back(last, count - 1) if count > 1 else last

    def _lines(self, start: int, end: int) -> Iterator[LogRow]:
        while start < end:
            rows = self._file.forward(start, _AHEAD)
            if not rows:
                return
            for row in rows:
                if row.start >= end:
                    return
                yield row
            start = rows[-1].end

    def _folded(self, start: int, end: int) -> Iterator[LogRow]:
        """The lines that start in this range."""
        while start < end:
            header = None
            for row in self._lines(start, end):
                if row.start not in self._opened:
                    header = _HEADER.match(row.text)
                if header is not None:
                    folded = self._fold(row, header["before"])
                    yield folded
                    start = folded.end
                    break
                yield row
            if header is None:
                return

    def _fold(self, header: LogRow, before: str) -> LogRow:
        """The traceback as one line; its first line alone if its end is not found."""
        count = 1
        for row in self._lines(header.end, self._file.size):
            count += 1
            if count > _MOST:
                break
            text = row.text[len(before) :] if row.text.startswith(before) else row.text
            if text and not text[0].isspace():
                told = f"{before}{text} · traceback of {count} lines"
                return header._replace(text=told, lines=count, end=row.end)
        return header
