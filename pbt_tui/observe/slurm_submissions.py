"""What an attempt was submitted to SLURM with, and as what: the executor's records, read.

Must not write them: `<run dir>/slurm/<key>.json`, one for each array, is the executor's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec


class Submitted(NamedTuple):
    script: Path
    id: str | None
    """SLURM's, `67_3`; None while nobody has written it down."""


class SubmissionRecord(msgspec.Struct, frozen=True):
    """What is read of one: task `i` of the array is the attempt `tasks[i]`."""

    script: str
    tasks: tuple[tuple[str, int], ...]
    id: str | None = None


def find(folder: Path, job: str, attempt: int) -> Submitted | None:
    """By the records in `folder`, or None: it was never handed over, or its record is not there."""
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            record = msgspec.json.decode(path.read_bytes(), type=SubmissionRecord)
            if (job, attempt) in record.tasks:
                task = record.tasks.index((job, attempt))
                name = f"{record.id}_{task}" if record.id else None
                return Submitted(folder / record.script, name)
    return None
