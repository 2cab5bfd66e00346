"""The end of a log as progress readers see it: text without terminal codes, newest line last.

A progress bar that rewrites itself with `\\r` gives one line for each of its states. The text, the
lines and the number of lines that a pattern is tried on are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

WINDOW = 16 * 1024
"""Bytes from the end of a log that are read."""
LINE = 1000
"""Most characters of a line that a pattern is tried on."""
TRIES = 12
"""Most lines that a pattern is tried on, from the end."""
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,256}(?:\x07|\x1b\\)|[ -/]?[0-~])"
)
_BREAKS = str.maketrans({"\r": "\n", "\x08": None, "\x00": None})
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?")

T = TypeVar("T")


class LogWindow:
    """The end of a log, and the arguments of the job's command.

    Args:
        data: The last bytes of the log.
        arguments: Values of the command by name, without dashes and with `_` for `-`.
        whole: Whether `data` is all of the log; else its first line may be cut, and is left out.

    Example:
        >>> window = LogWindow(b"a\\r\\x1b[32mstep 3/9\\x1b[0m\\r")
        >>> window.lines[-1]
        'step 3/9'
        >>> window.find(re.compile(r"step ([0-9]+)/([0-9]+)"), "step").groups()
        ('3', '9')
    """

    def __init__(
        self, data: bytes, arguments: Mapping[str, str] | None = None, *, whole: bool = True
    ) -> None:
        text = data[-WINDOW:].decode("utf-8", "replace")
        if "\x1b" in text:
            text = _ANSI.sub("", text)
        text = text.translate(_BREAKS) if _breaks(text) else text
        if not whole or len(data) > WINDOW:
            text = text.partition("\n")[2] or text
        self.text = text
        """The text; lines end with `\\n`."""
        self._arguments = arguments or {}
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty, oldest first."""
        if self._lines is None:
            self._lines = [line for line in self.text.split("\n") if line.strip()]
        return self._lines

    def find(self, pattern: re.Pattern[str], *marks: str) -> re.Match[str] | None:
        """Searches for a pattern in the newest lines that hold a mark; None: none matches.

        Args:
            pattern: Searched in one line of at most `LINE` characters; it must need little time
                for any line.
            marks: Texts of which a line must hold one; they must not hold a line break.
        """
        return self.first(pattern.search, *marks)

    def first(self, of: Callable[[str], T | None], *marks: str) -> T | None:
        """The value of the newest line that has one, among the lines that hold a mark.

        Args:
            of: Returns the value of a line; None: it has none.
            marks: Texts of which a line must hold one.
        """
        text = self.text
        found = [mark for mark in marks if mark in text]
        end = len(text)
        for _ in range(TRIES):
            at = max((text.rfind(mark, 0, end) for mark in found), default=-1)
            if at < 0:
                return None
            start = text.rfind("\n", 0, at) + 1
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            value = of(text[start:stop] if stop - start <= LINE else text[stop - LINE : stop])
            if value is not None:
                return value
            end = start
        return None

    def argument(self, *names: str) -> int | None:
        """The first whole number above 0 that the command gives for one of these names.

        Args:
            names: Names of arguments, without dashes and with `_` for `-`, such as `max_epochs`;
                a name matches also the last part of a dotted one.
        """
        for name in names:
            found = number(self._arguments.get(name))
            if found is not None and found >= 1 and found == int(found):
                return int(found)
        return None


def _breaks(text: str) -> bool:
    return "\r" in text or "\x08" in text or "\x00" in text


def number(text: str | None) -> float | None:
    """A finite number in plain digits, such as `12`, `-0.5` or `1e-3`; None: it is none.

    Args:
        text: At most about 60 characters; a comma between thousands is not read.
    """
    if text is None or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) < 1e18 else None


def measured(text: str | None) -> float | None:
    """The same for an objective, which may also be `nan` or infinite.

    Args:
        text: The number; None: there is none.
    """
    if text is None:
        return None
    word = text.lower().lstrip("+-")
    if word in ("nan", "inf", "infinity"):
        return float(text)
    return number(text)


def whole(text: str | None) -> int | None:
    """A whole number from 0 to 10^18; `None`: it is none.

    Args:
        text: The number, with or without `,` or `_` between its digits.
    """
    if text is None or len(text) > 24:
        return None
    digits = text.replace(",", "").replace("_", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


_CLOCK = re.compile(
    r"(?:([0-9]{1,6}) days?, *|([0-9]{1,6})[:-](?=[0-9]+:[0-9]+:))?"
    r"(?:([0-9]{1,6}):)?([0-9]{1,2}):([0-9]{2})"
)
_WORDS = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|d|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str | None) -> float | None:
    """A duration in seconds: `12:30`, `1:02:03`, `1 day, 2:03:04`, `119.3s` or `1h 2m 3s`.

    Args:
        text: The duration.
    """
    if text is None:
        return None
    text = text.strip()[:40]
    if clock := _CLOCK.fullmatch(text):
        days = float(clock[1] or clock[2] or 0)
        return ((days * 24 + float(clock[3] or 0)) * 60 + float(clock[4])) * 60 + float(clock[5])
    parts = _WORDS.findall(text)
    if parts and not _WORDS.sub("", text).strip():
        return sum(float(value) * _SECONDS[unit] for value, unit in parts)
    return None


_POWER = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}


def abbreviated(text: str | None) -> float | None:
    """A number with a unit prefix, such as `1.5M`, `120.3k` or `7`.

    Args:
        text: The number.
    """
    if not text:
        return None
    value = number(text.rstrip("kKmMbBgGtT"))
    suffix = text.lstrip("+-0123456789.").lower()
    return None if value is None or suffix not in _POWER else value * _POWER[suffix]
