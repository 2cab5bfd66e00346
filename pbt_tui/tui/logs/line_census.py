"""Counts the lines of a log that match, piece by piece, and tells where they are."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice

from pbt_tui.tui.logs.log_file import PIECE, LogFile
from pbt_tui.tui.logs.needle import Needle

_PLACES = 20_000
"""Positions that are kept. Where more lines match, only the count of each piece is."""


class LineCensus:
    """The matching lines of a growing log, as far as `step` has counted them.

    Args:
        file: the log.
        needle: what its lines match.
        start: the line start from which to count.
    """

    def __init__(self, file: LogFile, needle: Needle, start: int = 0) -> None:
        self._file = file
        self.needle = needle
        self.done = start
        """Position up to which whole pieces have been counted."""
        self._starts = array("Q")
        self._counts = array("Q")
        """Line start and number of matching lines of each counted piece that has any."""
        self._sums = array("Q")
        """Number of matching lines before each of these pieces."""
        self._places = array("Q")
        self._read: tuple[int, list[int]] = (-1, [])
        """The piece read last, by its index: the page asks for the same rank often."""
        self._rest: tuple[int, int, list[int]] = (0, 0, [])
        """Begin and end of what follows the whole pieces, and the lines that match there."""

    def step(self) -> bool:
        """Counts the next piece; True while there are more."""
        size = self._file.size
        if self.done >= size or self._rest[:2] == (self.done, size):
            return False
        data = self._file.read(self.done, PIECE)
        if not data:
            return False
        cut = data.rfind(b"\n") + 1
        if self.done + len(data) >= size and not cut == len(data) == PIECE:
            self._rest = (self.done, size, [self.done + p for p in self.needle.lines(data)])
            return False
        piece = data[:cut] if cut else data
        found = list(self.needle.lines(piece))
        if found:
            self._sums.append(self._before)
            self._starts.append(self.done)
            self._counts.append(len(found))
            if len(self._places) + len(found) <= _PLACES and self.exact:
                self._places.extend(self.done + place for place in found)
        self.done += len(piece)
        return True

    @property
    def _before(self) -> int:
        return self._sums[-1] + self._counts[-1] if self._sums else 0

    @property
    def exact(self) -> bool:
        """Whether the position of each counted line is kept."""
        return len(self._places) == self._before

    @property
    def complete(self) -> bool:
        """Whether the whole log has been counted."""
        return self.done >= self._file.size or self._rest[:2] == (self.done, self._file.size)

    @property
    def total(self) -> int:
        """The number of matching lines counted so far."""
        return self._before + len(self._tail())

    def rank(self, line: int) -> int | None:
        """How many lines match up to the one that starts at `line`; None if not counted yet."""
        if line >= self.done:
            tail = self._tail()
            if not self.complete:
                return None
            return self._before + bisect_right(tail, line)
        if self.exact:
            return bisect_right(self._places, line)
        index = bisect_right(self._starts, line) - 1
        if index < 0:
            return 0
        return self._sums[index] + sum(place <= line for place in self._piece(index))

    def marks(self, rows: int) -> set[int]:
        """Which of `rows` equal parts of the log hold a matching line, from 0."""
        size = self._file.size
        if size <= 0 or rows <= 0:
            return set()
        places = self._places if self.exact else self._starts
        return {place * rows // size for place in (*places, *self._tail()) if place < size}

    def forward(self, start: int) -> Iterator[int]:
        """Matching lines from `start` on, as far as they have been counted."""
        for index in range(max(0, bisect_right(self._starts, start) - 1), len(self._starts)):
            yield from (place for place in self._piece(index) if place >= start)
        yield from (place for place in self._tail() if place >= start)

    def back(self, start: int, count: int) -> int | None:
        """The matching line `count` matching lines before `start`, or the first; None if none."""
        found: int | None = None
        backwards = reversed(self._tail()[: bisect_left(self._tail(), start)])
        for place in islice(self._chain(backwards, start), count):
            found = place
        return found

    def _chain(self, tail: Iterator[int], start: int) -> Iterator[int]:
        yield from tail
        for index in range(bisect_left(self._starts, start) - 1, -1, -1):
            yield from (place for place in reversed(self._piece(index)) if place < start)

    def _piece(self, index: int) -> list[int]:
        """The matching lines of a piece."""
        start = self._starts[index]
        if self.exact:
            first = self._sums[index]
            return self._places[first : first + self._counts[index]].tolist()
        if self._read[0] != index:
            data = self._file.read(start, min(PIECE, self.done - start))
            found = [start + p for p in islice(self.needle.lines(data), self._counts[index])]
            self._read = (index, found)
        return self._read[1]

    def _tail(self) -> list[int]:
        return self._rest[2] if self._rest[0] == self.done else []
