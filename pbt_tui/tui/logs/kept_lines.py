"""The lines of a log that match, and no others, page by page."""

from __future__ import annotations

from itertools import islice

from pbt_tui.tui.logs.line_census import LineCensus
from pbt_tui.tui.logs.log_file import LogFile, LogRow


class KeptLines:
    """A view of a log through a census of its lines."""

    def __init__(self, file: LogFile, census: LineCensus) -> None:
        self._file = file
        self.census = census

    def forward(self, start: int, count: int) -> list[LogRow]:
        """At most `count` matching lines from the position `start` on."""
        return [
            row
            for place in islice(self.census.forward(start), count)
            for row in self._file.forward(place, 1)
        ]

    def back(self, start: int, count: int) -> int:
        """The matching line `count` matching lines before `start`; the first if there are fewer."""
        found = self.census.back(start, count)
        return start if found is None else found

    def last_page(self, count: int) -> int:
        """The start of the last `count` matching lines."""
        return self.back(self._file.size + 1, count)
