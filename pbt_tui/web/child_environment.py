"""The environment of the process behind a page: how Textual is told to talk to the server."""

from __future__ import annotations

from collections.abc import Mapping

DRIVER = "pbt_tui.web.browser_driver:BrowserDriver"
OWN = ("TEXTUAL_DRIVER", "TEXTUAL_COLOR_SYSTEM", "COLUMNS", "ROWS")
"""What only that process needs."""
_OF_ANOTHER_TERMINAL = ("TMUX", "STY", "LINES", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")
"""What belongs to the terminal of the server: `y` would copy to that one."""


def environment(inherited: Mapping[str, str], width: int, height: int) -> dict[str, str]:
    """The variables of the process.

    Args:
        inherited: Those of the server.
        width: Columns of the page's terminal.
        height: Its rows.

    Example:
        >>> environment({"HOME": "/root", "TMUX": "x"}, 80, 24)["COLUMNS"]
        '80'
    """
    kept = {name: text for name, text in inherited.items() if name not in _OF_ANOTHER_TERMINAL}
    own = (DRIVER, "truecolor", str(width), str(height))
    return kept | dict(zip(OWN, own, strict=True))


def in_a_page(inherited: Mapping[str, str]) -> bool:
    """Whether this process is the one behind a page."""
    return inherited.get("TEXTUAL_DRIVER") == DRIVER
