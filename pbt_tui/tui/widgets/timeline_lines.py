"""The rows of the time line: a list of lines whose cursor is a cell."""

from __future__ import annotations

from textual import events
from textual.message import Message

from pbt_tui.tui.widgets.lines import Lines


class TimelineLines(Lines):
    """As `Lines`; the style `cell` marks the cell of the cursor, and a click tells its column."""

    DEFAULT_CSS = "TimelineLines .lines--cell { text-style: bold reverse; }"

    class CellPicked(Message):
        """A person clicked a cell."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x
            """Cells from the left."""

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor to the row and the column of the click."""
        event.prevent_default()
        index = self.scroll_offset.y + event.y
        if index < self.count:
            self.move(index)
            self.post_message(self.CellPicked(event.x))
