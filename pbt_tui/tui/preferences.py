"""How one person wants the monitor: keys, columns, colours, and what it tells the terminal.

It is made from the user's configuration and from options. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from pbt_tui.tui.keymap import Keymap

THEMES = ("dark", "light", "ansi-dark", "ansi-light")
"""Names of themes that need no other program."""
ROLES = {
    "run": "what runs",
    "mark": "marked jobs",
    "key": "keys and titles",
    "good": "what succeeded",
    "warn": "what needs a look",
    "bad": "what failed",
    "text": "text",
    "background": "the background",
    "surface": "the background of heads",
    "panel": "the background of the first and the last line",
    **{f"hue{n}": f"curve {n + 1} of 8" for n in range(8)},
    **{f"heat{n}": f"shade {n + 1} of 8 of the heat map" for n in range(8)},
}
"""What has a colour of its own in a theme."""


class OwnTheme(Struct, frozen=True):
    """A theme of a person: another one, with some colours replaced."""

    name: str
    base: str = "dark"
    """`dark` or `light`."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """One of `ROLES` -> `#RRGGBB`."""


class Preferences(Struct, frozen=True):
    """The defaults are those of a person who has configured nothing."""

    theme: str = "dark"
    mouse: bool = True
    ascii: bool = False
    interval: float = 0.25
    """Seconds between two reads of the journal."""
    keymap: Keymap = field(default_factory=Keymap)
    columns: tuple[str, ...] = ()
    """Columns of the job table, as `columns.choice` reads them; empty: those that fit."""
    themes: tuple[OwnTheme, ...] = ()
    title: bool = True
    """Whether the title of the terminal tells the run."""
    notify: tuple[str, ...] = ("osc9",)
    """How the terminal is told: some of `terminal_messages.WAYS`."""
    tell: tuple[str, ...] = ("failure", "end")
    """What it is told of: some of `untold.TOPICS`."""
