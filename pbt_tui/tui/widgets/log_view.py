"""The view of a log: opens at the last page, follows the end, and searches in slices.

Moving up stops following; the screen then reports how much was written below.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from textual import events
from textual.message import Message
from textual.timer import Timer

from pbt_tui.tui.logs.log_file import LogFile, LogRow, LogRows
from pbt_tui.tui.logs.needle import ERROR, Needle
from pbt_tui.tui.logs.open_log import OpenLog
from pbt_tui.tui.text import Line, Span, cells, cut, wrap
from pbt_tui.tui.widgets.lines import Lines

_WARN = re.compile(r"(?i)\bwarn(?:ing)?\b")
_SLICE = 0.015
"""Seconds of work between two checks of the keyboard."""
_DRAWN_EVERY = 0.1
"""Seconds between two redraws while lines are searched and counted."""
_MOST_MATCHES = 200
"""Matches that are shown in one line."""


class LogView(Lines):
    DEFAULT_CSS = "LogView { height: 1fr; overflow: hidden; }"

    class Notice(Message):
        """A message for the person: the result of a search, or that the file was replaced."""

        def __init__(self, text: str, style: str = "") -> None:
            super().__init__()
            self.text = text
            self.style = style

    def __init__(self, path: Path) -> None:
        super().__init__("log")
        self.open_log = OpenLog(path)
        self.follow = True
        self.wrapped = False
        """Whether long lines go on in the next row."""
        self.top = 0
        """Position of the first visible line."""
        self.at = 0
        """Position of the line under the cursor."""
        self.left = 0
        """Number of cells scrolled to the right."""
        self._rows: list[LogRow] = []
        self._shown: list[Line] = []
        self._seen = 0
        self._drawn_at = 0.0
        self._timer: Timer

    def on_mount(self) -> None:
        # Not `set_timer`: Textual never calls a timer that is late by more than its delay.
        self._timer = self.set_interval(0.001, self._work, pause=True)
        self._begin()

    def on_unmount(self) -> None:
        self.file.close()

    def open(self, path: Path) -> None:
        """Shows another log, from its end; the search goes on in it."""
        self.file.close()
        self.open_log.open(path)
        self._begin()

    def limit(self, size: int | None) -> None:
        """Shows no more than the first bytes of the log; None: all of it."""
        if size != self.file.limit:
            self.file.limit = size
            self.file.check()
            self.open_log.begin()
            self._begin()

    def _begin(self) -> None:
        self.follow, self.top = True, 0
        self.repage()
        self._work()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.repage()

    @property
    def file(self) -> LogFile:
        """The log as a file."""
        return self.open_log.file

    @property
    def rows(self) -> LogRows:
        """The lines that can be shown."""
        return self.open_log.rows

    @property
    def current(self) -> LogRow | None:
        """The line under the cursor."""
        return self._rows[self._index()] if self._rows else None

    # -- following ---------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Checks whether the file changed; True if the visible lines may have changed."""
        trouble = self.file.trouble
        what = self.file.check()
        if what == "same":
            return trouble != self.file.trouble
        if what == "replaced":
            self.open_log.begin()
            self._begin()
            self.post_message(self.Notice("the log was cut or replaced: read from its new end"))
        if self.follow or len(self._shown) < self.size.height:
            self.repage()
        self._work()
        return True

    @property
    def below(self) -> int:
        """Number of bytes below the visible lines."""
        return max(0, self.file.size - self._seen)

    def set_follow(self, on: bool) -> None:
        self.follow = on
        self.repage()

    # -- the page ----------------------------------------------------------------------------------

    def repage(self) -> None:
        """Reads the visible lines."""
        self._drawn_at = time.perf_counter()
        height = max(1, self.size.height)
        if self.follow:
            self.top = self.rows.last_page(height)
        rows = self.rows.forward(self.top, height)
        if self.follow and rows:
            self.at = rows[-1].start
        numbers = self._numbers(rows)
        drawn = [self._draw(*pair) for pair in zip(rows, numbers, strict=True)]
        if self.follow:  # wrapped lines: the last ones fit
            while sum(map(len, drawn)) > height and len(drawn) > 1:
                self.top = rows[1].start
                del drawn[0], rows[0]
        room, self._rows = height, []
        for row, lines in zip(rows, drawn, strict=True):
            if room > 0:
                self._rows.append(row)
            room -= len(lines)
        self._seen = self._rows[-1].end if self._rows else self.file.size
        self._shown = [line for lines in drawn for line in lines][:height]
        self._paint()

    def _numbers(self, rows: list[LogRow]) -> list[int | None]:
        numbers: list[int | None] = []
        number, end = None, -1
        for row in rows:
            number = self.file.number(row.start) if row.start != end or number is None else number
            numbers.append(number)
            end = row.end
            number = None if number is None else number + row.lines
        return numbers

    def _paint(self) -> None:
        """Shows the page with its margin: errors, matches and the visible part of the whole log."""
        if not self._shown:
            self.show(self._empty())
            return
        if self.top == 0 and self._seen >= self.file.size:  # all of the log is there to see
            self.show(self._shown)
            return
        height, size = max(1, self.size.height), max(1, self.file.size)
        errors = self.open_log.errors.marks(height)
        matches = (
            self.open_log.matches.marks(height) if self.open_log.matches is not None else set()
        )
        visible = range(self.top * height // size, min(height, self._seen * height // size + 1))
        blank = ((" " * (self.size.width - 1), ""),)
        lines: list[Line] = []
        for row in range(height):
            style = "mark" if row in matches else "bad" if row in errors else "dim"
            glyph = "█" if row in matches or row in errors else "│" if row in visible else " "
            lines.append((*(self._shown[row] if row < len(self._shown) else blank), (glyph, style)))
        self.show(lines)

    def _draw(self, row: LogRow, number: int | None) -> list[Line]:
        """The rows of the screen that show a line, without the margin."""
        here = row.start == self.at and not self.follow
        numbered = self.size.width >= 60
        width = self.size.width - (12 if numbered else 3)
        telling = bool(ERROR.spans(row.text))
        style = "bad" if telling else "warn" if _WARN.search(row.text) else ""
        pieces = wrap(row.text, width) if self.wrapped else [cut(row.text[self.left :], width)]
        lines: list[Line] = []
        for piece in pieces[: max(1, self.size.height)]:
            first = not lines
            spans: list[Span] = []
            if numbered:
                told = "" if number is None or not first else number
                spans.append((f"{told:>8} ", "mark" if here else "dim"))
            spans.append(("▸ " if here and first else "  ", "mark"))
            spans += self._highlighted(piece, style)
            spans.append((" " * (width - cells(piece)), ""))
            lines.append(tuple(spans))
        return lines

    def _highlighted(self, text: str, style: str) -> Iterator[Span]:
        """A text in which the matches of the search stand out."""
        at = 0
        for start, end in self.open_log.spans(text)[:_MOST_MATCHES]:
            yield text[at:start], style
            yield text[start:end], "mark"
            at = end
        yield text[at:], style

    def _empty(self) -> list[Line]:
        if self.file.trouble:
            return [(), ((f"  {self.file.path}", "dim"),), ((f"  {self.file.trouble}", "warn"),)]
        if self.open_log.kept is not None:
            return [(), ((f"  {self.open_log.told_kept()}", "dim"),)]
        return [(), (("  the log is empty", "dim"),)]

    def facts(self) -> str:
        """The size, and what is counted."""
        return self.open_log.facts(None if self.follow else self.current)

    def modes(self) -> list[str]:
        """The ways in which the lines are shown that are switched on."""
        modes = {"wrapped": self.wrapped, "tracebacks folded": self.open_log.folded}
        return [name for name, on in modes.items() if on]

    # -- moving ------------------------------------------------------------------------------------

    def _index(self) -> int:
        """The visible line under the cursor; that next to it if it is not visible."""
        above = [i for i, row in enumerate(self._rows) if row.start <= self.at]
        return above[-1] if above else 0

    def step(self, by: int) -> None:
        """Moves the cursor; the page follows it."""
        if not self._rows or (self.follow and by > 0):
            return
        index = self._index() + by
        if by < 0:
            self.follow = False
        if index < 0:
            self.top = self.rows.back(self.top, -index)
            self.at = self.top
        elif index < len(self._rows):
            self.at = self._rows[index].start
        else:
            further = self.rows.forward(self._rows[-1].start, index - len(self._rows) + 2)
            self.at = further[-1].start
            self.top = self.rows.back(self.at, max(1, len(self._rows)) - 1)
        self.repage()

    def page(self, by: int) -> None:
        """Moves the page and the cursor by screens."""
        height = max(1, self.size.height)
        index = self._index()
        if by < 0:
            self.follow = False
            self.top = self.rows.back(self.top, -by * (height - 1))
        elif self._rows and not self.follow:
            further = self.rows.forward(self._rows[-1].start, by)
            last = self.rows.last_page(height)
            self.top = min(further[-1].start, max(last, 0))
        self.repage()
        if self._rows and not self.follow:
            self._to(self._rows[min(index, len(self._rows) - 1)].start)

    def ends(self, last: bool) -> None:
        self.follow = last
        self.top = self.at = 0
        if not last and self.open_log.kept is not None:
            self.at = next(iter(r.start for r in self.rows.forward(0, 1)), 0)
        self.repage()

    def shift(self, by: int) -> None:
        self.left = max(0, self.left + by)
        self.repage()

    def show_at(self, start: int) -> None:
        """Puts the cursor on a line."""
        self.follow = False
        if not any(row.start == start for row in self._rows):
            self.top = self.rows.back(start, self.size.height // 3)
        self._to(start)

    def _to(self, start: int) -> None:
        self.at = start
        self.repage()

    def scroll_by(self, by: int) -> None:
        """Moves the page and leaves the cursor, as long as it is visible."""
        if by < 0:
            self.follow = False
            self.top = self.rows.back(self.top, -by)
        elif not self.follow:
            rows = self.rows.forward(self.top, by + 1)
            if rows:
                self.top = min(rows[-1].start, self.rows.last_page(max(1, self.size.height)))
        self.repage()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.scroll_by(3)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.x >= self.size.width - 1:
            low = self.file.size * event.y // max(1, self.size.height)
            self.show_at(self.file.back(low + 1, 1) if low else 0)
        elif event.y < len(self._rows) and not self.wrapped:
            self.follow = False
            self._to(self._rows[event.y].start)

    # -- what is shown -----------------------------------------------------------------------------

    def set_wrapped(self, on: bool) -> None:
        self.wrapped, self.left = on, 0
        self.repage()

    def set_folded(self, on: bool) -> None:
        """Folds all tracebacks, or none."""
        self.open_log.fold(on)
        self.repage()

    def turn_fold(self) -> None:
        """Opens the folded traceback under the cursor, or closes the one that begins there."""
        if (row := self.current) is not None:
            self.open_log.turn_fold(row.start)
            self.repage()

    def keep(self, needle: Needle | None) -> None:
        """Shows only the lines that match; all of them if None."""
        row = self.current
        self.open_log.keep(needle)
        self.follow = self.follow or needle is not None
        if needle is None and row is not None and not self.follow:
            self.top = self.rows.back(row.start, self.size.height // 3)
        self.repage()
        self._work()

    # -- searching and counting, in slices ---------------------------------------------------------

    def search(self, needle: Needle, back: bool = False, *, first: bool = False) -> None:
        """Searches the next match after (or before) the line under the cursor.

        `first`: the search is new: that line counts, and if there is no match after it, those
        before are looked at.
        """
        self.open_log.search(needle, self.at, back, first=first)
        self._work()

    def _work(self) -> None:
        """Does one slice of work, and schedules the next one if there is more."""
        more, found = self.open_log.work(time.perf_counter() + _SLICE)
        if found is not None:
            self.show_at(found)
        elif self.open_log.ended():
            self.post_message(self.Notice("no more matches in this direction", "warn"))
        if not more or time.perf_counter() >= self._drawn_at + _DRAWN_EVERY:
            self.repage()
        if more:
            self._timer.resume()
        else:
            self._timer.pause()
