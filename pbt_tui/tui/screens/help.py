"""The help: the keys of the screen from which it was opened."""

from __future__ import annotations

from textual.app import ComposeResult

from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import help as render_help
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.widgets.key_bar import KeyBar
from pbt_tui.tui.widgets.lines import Lines


class HelpScreen(Page):
    PAGE = "help"
    BINDINGS = bindings("help")

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about
        if about == "fleet":
            self.keys = KeyBar(self.PAGE, about)
        self.text = Lines("text", classes="document")

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.text
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.text

    def draw(self, change: FollowerUpdate | None) -> None:
        if change is None:
            self.text.show(render_help.page(self.about, self.text.size.width, self.host.keymap))
