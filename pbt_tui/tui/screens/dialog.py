"""A dialog over a screen: a frame with lines. The screen below is not redrawn meanwhile."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from pbt_tui.tui.screens.ordered_keys import OrderedKeys
from pbt_tui.tui.text import Line
from pbt_tui.tui.widgets.lines import Lines

Answer = TypeVar("Answer")


class Dialog(OrderedKeys[Answer], ModalScreen[Answer]):
    AUTO_FOCUS = ""
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "no", "keep"), ("q", "no", "keep")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title_ = title
        self.text = Lines("text", classes="-part")

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self.title_
            yield self.text
            yield from self.more()

    def more(self) -> list[Widget]:
        return []

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        width = min(72, self.app.size.width) - 4
        lines = self.lines(width)
        self.text.styles.height = len(lines)
        self.text.show(lines)

    def lines(self, width: int) -> list[Line]:
        raise NotImplementedError

    def action_no(self) -> None:
        self.dismiss(None)
