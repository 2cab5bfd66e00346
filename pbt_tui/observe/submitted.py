"""Which script of a run directory an attempt was submitted with: the executor's records, read.

Must not write them: `<run dir>/slurm/<key>.json`, one for each array, is the executor's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec


class Record(msgspec.Struct, frozen=True):
    """What is read of one: task `i` of the array is the attempt `tasks[i]`."""

    script: str
    tasks: tuple[tuple[str, int], ...]


def script(folder: Path, job: str, attempt: int) -> Path | None:
    """The script in `folder`, or None: it was never handed over, or the record is not there."""
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            record = msgspec.json.decode(path.read_bytes(), type=Record)
            if (job, attempt) in record.tasks:
                return folder / record.script
    return None
