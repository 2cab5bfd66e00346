"""What an attempt of the example run prints and when, and how it ends: the types of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Printed:
    """Text that an attempt prints."""

    at: float
    """When, in Unix seconds of the recording."""
    text: str
    """Whole lines, or the new state of a progress bar."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The end of an attempt."""

    at: float
    """When, in Unix seconds of the recording."""
    code: int
    """Exit code as shells report it."""


Recorded = Iterator[Printed | Exited]
"""What an attempt does, in order; the last entry is its end."""
