"""Writes to the terminal only the cells that have changed.

Textual repaints a part of a line from the left edge of its widget on, and again for each other part
of the same line: three times the bytes for a table in which single cells change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.control import Control

# A private module: the type of an update is known by no other name. Only the tests on a real
# terminal reach it, so `make lowest` has to run them with the oldest Textual that is allowed.
from textual._compositor import ChopsUpdate

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class ChangedCells(ChopsUpdate):
    """Parts of lines, each written once."""

    def render_segments(self, console: Console) -> str:
        """The text and the control sequences for the terminal."""
        written: list[str] = []
        for y, left, right in self.spans:
            for end, (begin, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or begin >= right or end <= left:
                    continue
                x = max(begin, left)
                part = strip.crop(x - begin, min(end, right) - begin)
                written.append(Control.move_to(x, y).segment.text)
                written.append(part.simplify().render(console))
        return "".join(written)


def changed_cells(update: RenderableType | None) -> RenderableType | None:
    """The same update, if possible with only the cells that have changed."""
    if type(update) is ChopsUpdate:
        return ChangedCells(update.chops, update.spans, update.chop_ends)
    return update
