"""The view of a log: opens at the last page, follows the end, and searches in slices.

Moving up stops following; the screen then reports how much was written below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textual import events
from textual.message import Message
from textual.timer import Timer

from pbt_tui.tui.logfile import TELLING, LogFile, LogRow, Needle
from pbt_tui.tui.text import Line, Span, amount, cells, cut
from pbt_tui.tui.widgets.lines import Lines

_WARN = re.compile(r"(?i)\bwarn(?:ing)?\b")
_CHUNKS = 96
"""Chunks counted between two checks of the keyboard: 24 MB, about 15 ms."""


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
        self.file = LogFile(path)
        self.follow = True
        self.top = 0
        """Position of the first visible line."""
        self.left = 0
        """Number of cells scrolled to the right."""
        self.hit: int | None = None
        self.needle: Needle | None = None
        self._rows: list[LogRow] = []
        self._numbers: list[int | None] = []
        self._seen = 0
        self._search: Iterator[int | None] | None = None
        self._other_way: Iterator[int | None] | None = None
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._work()

    def on_unmount(self) -> None:
        self.file.close()

    def open(self, path: Path) -> None:
        """Shows another log."""
        self.file.close()
        self.file = LogFile(path)
        self.follow, self.top, self.hit, self._search = True, 0, None, None
        self.repage()
        self._work()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.repage()

    # -- following ---------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Checks whether the file changed; True if the visible lines may have changed."""
        trouble = self.file.trouble
        what = self.file.check()
        if what == "same":
            return trouble != self.file.trouble
        if what == "replaced":
            self.follow, self.top, self.hit = True, 0, None
            self.post_message(self.Notice("the log was cut or replaced: read from its new end"))
        if self.follow or len(self._rows) < self.size.height:
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
        height = max(1, self.size.height)
        if self.follow:
            self.top = self.file.last_page(height)
        self._rows = self.file.forward(self.top, height)
        first = self.file.number(self._rows[0].start) if self._rows else None
        self._numbers = [None if first is None else first + i for i in range(len(self._rows))]
        self._seen = self._rows[-1].start + 1 if self._rows else self.file.size
        if self._rows and self.file.forward(self._rows[-1].start, 2)[1:] == []:
            self._seen = self.file.size
        self.show([self._draw(i) for i in range(len(self._rows))] or self._empty())

    def _draw(self, index: int) -> Line:
        row, number = self._rows[index], self._numbers[index]
        spans: list[Span] = []
        if self.size.width >= 60:
            spans.append((f"{'' if number is None else number:>8} ", "dim"))
        spans.append(("▸ " if row.start == self.hit else "  ", "mark"))
        text = row.text[self.left :] if self.left else row.text
        style = "bad" if TELLING.search(row.text) else "warn" if _WARN.search(row.text) else ""
        if row.start == self.hit:
            style = "mark"
        width = self.size.width - sum(cells(t) for t, _ in spans)
        spans.append((cut(text, width), style))
        return tuple(spans)

    def _empty(self) -> list[Line]:
        if self.file.trouble:
            return [(), ((f"  {self.file.path}", "dim"),), ((f"  {self.file.trouble}", "warn"),)]
        return [(), (("  the log is empty", "dim"),)]

    def facts(self) -> str:
        """The size, and the number of lines once they are counted."""
        size = amount(self.file.size)
        if self.file.size - self.file.indexed > 1 << 20:
            return f"{size} · counting lines {self.file.indexed * 100 // self.file.size} %"
        return size

    # -- moving ------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        if by < 0:
            self.follow = False
            self.top = self.file.back(self.top, -by)
        else:
            rows = self.file.forward(self.top, by + 1)
            last = self.file.last_page(max(1, self.size.height))
            if rows and not self.follow:
                self.top = min(rows[-1].start, max(last, 0))
        self.repage()

    def ends(self, last: bool) -> None:
        self.follow = last
        self.top = 0
        self.repage()

    def shift(self, by: int) -> None:
        self.left = max(0, self.left + by)
        self.repage()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.step(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.step(3)

    def on_click(self, event: events.Click) -> None:
        event.stop()

    # -- searching and counting, in slices ---------------------------------------------------------

    def search(self, needle: Needle, back: bool = False, *, turn: bool = False) -> None:
        """Searches the next match after (or before) the last match or the visible lines.

        `turn`: if there is none, search in the other direction.
        """
        self.needle = needle
        start = self.hit
        if start is None:
            start = self.top if back or not self.top else max(0, self.top - 1)
        self._search = self.file.search(needle, start, back)
        self._other_way = self.file.search(needle, start, not back) if turn else None
        self._work()

    @property
    def searching(self) -> bool:
        return self._search is not None

    def stop_search(self) -> None:
        self._search = None

    def _work(self) -> None:
        """Does one slice of work, and schedules the next one if there is more."""
        more = self.file.index(_CHUNKS)
        if not more and self._numbers and self._numbers[0] is None:
            self.repage()
        if self._search is not None:
            more = self._search_on() or more
        if more and self._timer is None:
            self._timer = self.set_timer(0.002, self._again)

    def _again(self) -> None:
        self._timer = None
        self._work()

    def _search_on(self) -> bool:
        assert self._search is not None
        for _ in range(8):
            try:
                found = next(self._search)
            except StopIteration:
                self._search, self._other_way = self._other_way, None
                if self._search is not None:
                    return True
                self.post_message(self.Notice("no more matches in this direction", "warn"))
                return False
            if found is not None:
                self._search = None
                self.hit = found
                self.follow = False
                if not any(row.start == found for row in self._rows):
                    self.top = self.file.back(found, self.size.height // 3)
                self.repage()
                return False
        return True
