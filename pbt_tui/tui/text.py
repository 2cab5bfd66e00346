"""Lines of styled text, and functions that measure, cut and pad text in terminal cells.

Must not import Textual.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from pbt_tui.errors import printable

Span = tuple[str, str]
"""A text and the name of its style: one of `STYLES`, or empty for plain text."""
Line = tuple[Span, ...]


class Frame(NamedTuple):
    """The area of a page in cells, and the time of drawing in Unix seconds."""

    width: int
    height: int
    now: float


_MEANINGS = ("dim", "head", "title", "good", "bad", "warn", "run", "wait", "key", "mark")
COLOURS = tuple(f"{kind}{i}" for kind in ("hue", "heat") for i in range(8))
"""Eight hues that tell curves apart, and eight shades from low to high."""
STYLES = (*_MEANINGS, *COLOURS)
"""Each style has a colour in the themes. A word or a glyph always repeats the colour's meaning."""

_BLOCKS = "▁▂▃▄▅▆▇╸"
_DRAWN = "Δ°●◐◑◌✓✗⊘‖○▌▸▾×·—–…│─━└├┌┐┘┤╭╮╰╯↑↓←→█░▒▓┬┴┼╳′σ┃"
_TO_ASCII = str.maketrans(
    _DRAWN + _BLOCKS, "do*><.+x/=o>>vx---~|-=++++++++++^v<>#.:%+++x'sH" + "_.,-=+*-"
) | {ord("⏪"): "<<"}


def cells(text: str) -> int:
    """How many terminal cells `text` takes."""
    return len(text) if text.isascii() else _cells(text)


@lru_cache(4096)
def _cells(text: str) -> int:
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int, align: str = "<") -> str:
    """`text` in exactly `width` cells: cut with an ellipsis, or padded (`<` left, `>` right)."""
    have = cells(text)
    if have > width:
        text = cut(text, width)
        have = cells(text)
    pad = " " * (width - have)
    return text + pad if align == "<" else pad + text


def cut(text: str, width: int) -> str:
    """At most `width` cells of `text`, with an ellipsis where it is cut."""
    if width <= 0:
        return ""
    if text.isascii():
        return text if len(text) <= width else text[: width - 1] + "…"
    if cells(text) <= width:
        return text
    taken, room = [], width - 1
    for c in text:
        room -= cells(c)
        if room < 0:
            break
        taken.append(c)
    return "".join(taken) + "…"


def wrap(text: str, width: int) -> list[str]:
    """Pieces of at most `width` cells, broken at a blank if there is one near the end."""
    pieces = []
    while cells(text) > width > 0:
        piece = text[:width]
        while cells(piece) > width:
            piece = piece[:-1]
        blank = piece.rfind(" ", len(piece) // 2)
        at = blank + 1 if blank > 0 else max(1, len(piece))
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]


def plain(line: Iterable[Span]) -> str:
    return "".join([text for text, _ in line]).rstrip()


def length(line: Iterable[Span]) -> int:
    return sum([cells(text) for text, _ in line])


def both(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; `left` is cut if both do not fit."""
    room = width - length(right)
    if room <= 0:
        return clip(left, width)
    left = clip(left, room - 1) if length(left) >= room else left
    return (*left, (" " * (room - length(left)), ""), *right)


def filled(left: Line, right: Line, width: int) -> Line:
    """As `both`, in exactly `width` cells."""
    line = both(left, right, width)
    missing = width - length(line)
    return (*line, (" " * missing, "")) if missing > 0 else line


def clip(line: Line, width: int) -> Line:
    """At most `width` cells of `line`, with an ellipsis where it is cut."""
    out: list[Span] = []
    for text, style in line:
        have = cells(text)
        if have > width:
            out.append((cut(text, width), style))
            break
        out.append((text, style))
        width -= have
    return tuple(out)


def ascii_only(text: str) -> str:
    """Replaces each glyph of the monitor by ASCII of the same width."""
    if text.isascii():
        return text
    text = text.translate(_TO_ASCII)
    return text if text.isascii() else "".join(c if c < "\x7f" else "?" * cells(c) for c in text)


def safe(text: str) -> str:
    """Foreign text on one line, without control characters."""
    return printable(text)


def at(moment: float, now: float) -> str:
    """A time of day; with its date if that is not today."""
    then = time.localtime(moment)
    same_day = time.localtime(now)[:3] == then[:3]
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S", then)


def amount(count: int) -> str:
    """A number of bytes as people write it: `812 B`, `1.4 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
