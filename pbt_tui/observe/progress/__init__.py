"""The progress of jobs: read from what trainers print and write, kept as short series.

The executor's sampler reads (`log_progress`) and writes `progress.json` and `series.jsonl`; every
other reader takes the values from these two files. Loads no reader: the monitor needs none.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.observe.progress.progress_types import (
    BestObjective,
    Finished,
    Number,
    Progress,
    Progresses,
    Remaining,
    Series,
    told,
)

__all__ = [
    "BestObjective", "Finished", "Number", "Progress", "Progresses", "Remaining", "Series",
    "encode", "read", "told",
]  # fmt: skip

_decoder = msgspec.json.Decoder(Progresses)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def encode(progresses: Progresses) -> bytes:
    """The bytes of `progress.json`; the executor writes them."""
    return msgspec.json.encode(progresses) + b"\n"


def read(path: Path) -> Progresses | None:
    """The newest progress of the active jobs; None if the file is missing or incomplete."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(read_regular(path, OURS))
    return None
