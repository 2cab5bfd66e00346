"""The values of one number over the lines of a log that have the same words."""

from __future__ import annotations

import re
from typing import NamedTuple

from pbt_tui.observe.log_reader import split
from pbt_tui.tui.logs.log_file import LogFile

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*[A-Za-z_])%?")
_VALUE = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf))"
_BACK = 8 << 20
"""Bytes before the end of the log that are read."""
_MOST = 4096
"""Most values: the newest are kept."""


class NumberSeries(NamedTuple):
    """The values of one number."""

    label: str
    """The words before the number."""
    which: int
    """Which number of the line it is, from 0."""
    of: int
    """How many numbers the line has."""
    points: list[tuple[float, float]]
    """For each line with the same words: its number among them, from 1, and the value."""
    whole: bool
    """Whether they come from the whole log."""


def series(file: LogFile, text: str, which: int) -> NumberSeries | None:
    """The values of a number of a line in all lines with the same words.

    Args:
        file: the log.
        text: the line as it is shown.
        which: which of its numbers, from 0; counted on from the first after the last.

    Returns:
        The series, None if the line has no number.
    """
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    which %= len(found)
    pattern, at = [], 0
    for match in found:
        pattern += [_words(text[at : match.start()]), _VALUE]
        at = match.start() + len(match[0].rstrip("%"))
    like = re.compile("".join([*pattern, _words(text[at:])]), re.IGNORECASE)
    literal = max(re.split(_NUMBER, text), key=len).strip().encode()
    start = max(0, file.size - _BACK)
    points: list[tuple[float, float]] = []
    for line in split(file.read(start, _BACK), start, whole=start == 0):
        if literal in line.raw and (same := like.fullmatch(line.text)):
            points.append((float(len(points) + 1), float(same[which + 1])))
    before = text[found[which - 1].end() if which else 0 : found[which].start()]
    label = before.strip(" \t:=,;|[](){}<>-") or f"number {which + 1}"
    return NumberSeries(label, which, len(found), points[-_MOST:], start == 0)


def _words(text: str) -> str:
    """The text between two numbers; blanks may differ where numbers have other widths."""
    return r"\s*".join(re.escape(word) for word in re.split(r"\s+", text))
