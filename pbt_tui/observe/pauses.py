"""Attempts that somebody has paused in an engine, as with `docker pause`: `paused.json`.

The executor replaces the file when an attempt is paused, and when it goes on. Readers must not ask
the engine themselves. Before the first pause there is no file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pbt_tui.files.regular import OURS, read_regular


class Pause(msgspec.Struct, frozen=True):
    """One attempt that is paused."""

    since: float | None
    """When it was paused, in Unix seconds; None: unknown."""


class _File(msgspec.Struct, frozen=True):
    attempts: dict[str, Pause]
    """Attempts by `<job>.<attempt>`."""
    went_on: dict[str, float] = {}
    """When attempts that run went on after their last pause, in Unix seconds."""


_decoder = msgspec.json.Decoder(_File)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def encode(attempts: Mapping[str, Pause], went_on: Mapping[str, float]) -> bytes:
    """The bytes of `paused.json`."""
    return msgspec.json.encode(_File(dict(attempts), dict(went_on))) + b"\n"


def read(path: Path) -> dict[str, Pause]:
    """The paused attempts by `<job>.<attempt>`; none if the file is missing or incomplete.

    Never raises.
    """
    return _read(path).attempts


def went_on(path: Path) -> dict[str, float]:
    """When each attempt that runs went on after its last pause; none as in `read`.

    Never raises.
    """
    return _read(path).went_on


def _read(path: Path) -> _File:
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(read_regular(path, OURS))
    return _File({})
