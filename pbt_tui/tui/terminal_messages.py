"""The bytes by which a terminal is told something: its title, a bell, a notification.

No control character of a text reaches the terminal. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pbt_tui.errors import printable
from pbt_tui.tui.text import cut

WAYS = ("bell", "osc9", "osc777")
PUSH_TITLE, POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""Keep the title of the terminal, and set it again."""
_LONGEST = 200
"""Most cells of a message."""
_SILENT = ("linux", "dumb", "vt100", "vt102", "vt220")
"""Terminals that would show such a sequence as text."""


def understands(environ: Mapping[str, str]) -> bool:
    """Whether the terminal takes such sequences, or ignores those that it does not know."""
    return environ.get("TERM", "dumb") not in _SILENT


def title(text: str) -> str:
    """The sequence that sets the title (OSC 2).

    Example:
        >>> title("ant\\x07 12")
        '\\x1b]2;ant\\\\x07 12\\x07'
    """
    return f"\x1b]2;{cut(printable(text), 80)}\x07"


def notification(text: str, ways: Sequence[str], environ: Mapping[str, str]) -> str:
    """The sequences that tell a text, also through tmux and screen.

    tmux passes them on only where its option `allow-passthrough` is on, and drops them otherwise.

    Args:
        text: What is told.
        ways: Some of `WAYS`.
        environ: The environment, which names the terminal.

    Example:
        >>> notification("it ended", ["osc9"], {})
        '\\x1b]9;it ended\\x07'
        >>> notification("it ended", ["osc9"], {"TMUX": "x"})
        '\\x1bPtmux;\\x1b\\x1b]9;it ended\\x07\\x1b\\\\'
    """
    shown = cut(printable(text), _LONGEST)
    found = "\x07" if "bell" in ways else ""
    if "osc9" in ways:
        found += _passed(f"\x1b]9;{shown}\x07", environ)
    if "osc777" in ways:  # a semicolon would end the text
        found += _passed(f"\x1b]777;notify;pbt-tui;{shown.replace(';', ',')}\x07", environ)
    return found


def _passed(sequence: str, environ: Mapping[str, str]) -> str:
    """A sequence that tmux or screen hand to the terminal around them."""
    if environ.get("TMUX"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environ.get("TERM", "").startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence
