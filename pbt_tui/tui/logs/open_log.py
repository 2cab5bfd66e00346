"""A log that somebody looks at: which of its lines are shown, what is searched and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pbt_tui.tui.logs.folded_lines import FoldedLines
from pbt_tui.tui.logs.kept_lines import KeptLines
from pbt_tui.tui.logs.line_census import LineCensus
from pbt_tui.tui.logs.log_file import LogFile, LogRow, LogRows
from pbt_tui.tui.logs.needle import ERROR, Needle
from pbt_tui.tui.text import amount

_ERRORS = 2 << 30
"""Bytes before the end of a log in which errors are counted."""


class OpenLog:
    """A log with its search, its counts and the choice of its lines.

    All work of more than a moment is done by `work`, in slices.
    """

    def __init__(self, path: Path) -> None:
        self.file = LogFile(path)
        self.errors = LineCensus(self.file, ERROR)
        """The lines that tell of an error."""
        self.matches: LineCensus | None = None
        """The lines with what was searched last."""
        self.kept: KeptLines | None = None
        """The lines that are shown; None: all."""
        self.folded = False
        """Whether a traceback is shown as one line."""
        self._opened: set[int] = set()
        """Line starts of tracebacks that are shown whole nevertheless."""
        self._search: Iterator[int | None] | None = None
        self._other_way: Iterator[int | None] | None = None
        self._ended = False
        self.begin()

    def open(self, path: Path) -> None:
        """Looks at another log; search and choice of lines go on in it."""
        self.file = LogFile(path)
        self.begin()

    def begin(self) -> None:
        """Counts anew: the file is another one."""
        self.stop_search()
        self._opened.clear()
        start = self.file.back(self.file.size - _ERRORS, 1) if self.file.size > _ERRORS else 0
        self.errors = LineCensus(self.file, ERROR, start)
        if self.matches is not None:
            self.matches = LineCensus(self.file, self.matches.needle)
        if self.kept is not None:
            self.keep(self.kept.census.needle)

    @property
    def rows(self) -> LogRows:
        """The lines that can be shown."""
        if self.kept is not None:
            return self.kept
        return FoldedLines(self.file, self._opened) if self.folded else self.file

    def keep(self, needle: Needle | None) -> None:
        """Chooses the lines that match; all of them if None."""
        self.kept = None if needle is None else KeptLines(self.file, LineCensus(self.file, needle))

    def fold(self, on: bool) -> None:
        """Folds all tracebacks, or none."""
        self.folded = on
        self._opened.clear()

    def turn_fold(self, start: int) -> None:
        """Opens the folded traceback that begins at a line, or closes it again."""
        self._opened ^= {start}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a line has what was searched last."""
        return self.matches.needle.spans(text) if self.matches is not None else []

    # -- searching and counting --------------------------------------------------------------------

    def search(self, needle: Needle, at: int, back: bool, *, first: bool) -> None:
        """Begins to search after (or before) the line that starts at `at`.

        `first`: that line counts, and if there is no match after it, those before are looked at.
        """
        if needle is ERROR:
            self.matches = None
        elif self.matches is None or self.matches.needle is not needle:
            self.matches = LineCensus(self.file, needle)
        start = at if first or back else self.file.after(at)
        self._search = self._found(needle, start, back)
        self._other_way = self._found(needle, start, not back) if first else None
        self._ended = False

    def _found(self, needle: Needle, start: int, back: bool) -> Iterator[int | None]:
        """As `LogFile.search`, in the lines that are shown."""
        if self.kept is None:
            yield from self.file.search(needle, start, back)
            return
        found: int | None = start
        while found is not None:
            for found in self.file.search(needle, start, back):
                if found is not None:
                    break
                yield None
            else:
                return
            if self._is_kept(found):
                yield found
                return
            start = found if back else self.file.after(found)
            yield None

    def _is_kept(self, line: int) -> bool:
        return [row.start for row in self.rows.forward(line, 1)] == [line]

    @property
    def searching(self) -> bool:
        """Whether a search goes on."""
        return self._search is not None

    def stop_search(self) -> None:
        """Stops the search."""
        self._search = self._other_way = None
        self._ended = False

    def ended(self) -> bool:
        """Whether a search has ended without a match since the last call."""
        ended, self._ended = self._ended, False
        return ended

    def work(self, until: float) -> tuple[bool, int | None]:
        """Searches and counts on until a time of `time.perf_counter`.

        Returns:
            Whether there is more to do, and the line start that a search has found.
        """
        more, found = self._search_on(until)
        censuses = (self.matches, self.kept.census if self.kept else None, self.errors)
        steps = [lambda: self.file.index(8), *(c.step for c in censuses if c is not None)]
        for step in steps:
            more = _work_on(step, until) or more
        return more, found

    def _search_on(self, until: float) -> tuple[bool, int | None]:
        while self._search is not None:
            if time.perf_counter() > until:
                return True, None
            try:
                found = next(self._search)
            except StopIteration:
                self._search, self._other_way = self._other_way, None
                self._ended = self._search is None
                continue
            if found is not None:
                self.stop_search()
                return False, found
        return False, None

    # -- what is told ------------------------------------------------------------------------------

    def facts(self, current: LogRow | None) -> str:
        """What is counted, lines with matches and with errors, and the size.

        Args:
            current: the line under the cursor.
        """
        facts = []
        if self.kept is not None:
            facts.append(self.told_kept())
        if self.matches is not None and (self.matches.total or self.matches.complete):
            facts.append(_told_matches(self.matches, current))
        if self.errors.total:
            more = "" if self.errors.complete else "+"
            plural = "s" if self.errors.total > 1 or more else ""
            facts.append(f"{self.errors.total:,}{more} error line{plural}")
        facts.append(amount(self.file.size))
        if self.file.size - self.file.indexed > 1 << 20:
            facts.append(f"counting lines {self.file.indexed * 100 // self.file.size} %")
        return " · ".join(facts)

    def told_kept(self) -> str:
        """How many lines are kept."""
        assert self.kept is not None
        census = self.kept.census
        if not census.complete:
            share = census.done * 100 // max(1, self.file.size)
            return f"{census.total:,} lines kept so far ({share} %)"
        plural = "s" if census.total != 1 else ""
        return f"{census.total:,} line{plural} kept" if census.total else "no line matches"


def _told_matches(matches: LineCensus, current: LogRow | None) -> str:
    more = "" if matches.complete else "+"
    rank = matches.rank(current.start) if current is not None else None
    if not matches.total:
        return "no matches"
    if rank:
        return f"match {rank:,} of {matches.total:,}{more}"
    plural = "es" if matches.total > 1 or more else ""
    return f"{matches.total:,}{more} match{plural}"


def _work_on(step: Callable[[], bool], until: float) -> bool:
    """Works until there is no more, or time is up; True if there is more."""
    while time.perf_counter() < until:
        if not step():
            return False
    return True
