"""The end of Textual that talks to the server, in the process of one page.

It ends the monitor when the server is gone, also where it was killed, and offers the browser
neither files nor addresses.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

from textual import messages
from textual.app import App
from textual.drivers.web_driver import WebDriver

from pbt_tui.web.child_environment import OWN


class BrowserDriver(WebDriver):
    """Textual makes one where the variable `TEXTUAL_DRIVER` names it."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        for name in OWN:  # an executor that a person starts from here passes all on to its jobs
            os.environ.pop(name, None)

    def write(self, data: str) -> None:
        with suppress(BrokenPipeError):  # the input has ended, too, which ends the monitor
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        with suppress(BrokenPipeError):
            super().write_meta(data)

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())

    def open_url(self, url: str, new_tab: bool = True) -> None:
        """Opens nothing: an address in a log is foreign."""

    def deliver_binary(
        self,
        binary: BinaryIO | TextIO,
        *,
        delivery_key: str,
        save_path: Path,
        open_method: Literal["browser", "download"] = "download",
        encoding: str | None = None,
        mime_type: str | None = None,
        name: str | None = None,
    ) -> None:
        """Delivers nothing."""
