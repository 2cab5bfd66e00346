"""The texts that the parameters of one experiment become, each written once for all its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pbt_tui.settings import argv as words


class ParameterTexts(dict[tuple[type, Any], tuple[str, str, bool]]):
    """What the values of one parameter become; jobs with the same value share the texts.

    Maps (type, value) to the token of the command, the part of the job's name, and whether the text
    of the value needs a closer look.
    """

    __slots__ = ("head", "short")

    def __init__(self, head: str, short: str) -> None:
        self.head = head
        self.short = short

    def __missing__(self, key: tuple[type, Any]) -> tuple[str, str, bool]:
        kind, value = key
        made = self.of_text(value if kind is str else str(value))
        if len(self) >= _CACHED:
            self.clear()  # a grid uses a value in jobs that follow each other
        if not (kind is float and value == 0):  # -0.0 equals 0.0
            self[key] = made
        return made

    def of_text(self, text: str) -> tuple[str, str, bool]:
        return self.head + text, self.short + text, is_odd(text)


_CACHED = 4096
"""Most values of a parameter that are kept."""


def is_odd(text: str) -> bool:
    return not text.isascii() or words.special(text) is not None


@dataclass(slots=True)
class RowShape:
    """What follows from the names of parameters alone."""

    columns: list[ParameterTexts]
    odd: bool
