"""What an attempt was submitted to SLURM with, and as what: the executor's records, read.

Must not write them: `<run dir>/slurm/<key>.json`, one for each array, is the executor's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from pbt_tui.runtimes.kind import Submission, SubmittedAttempt


class Submitted(NamedTuple):
    script: Path
    id: str | None
    """SLURM's, `67_3`; None while nobody has written it down."""


class SubmissionRecord(msgspec.Struct, frozen=True):
    """What is read of one: task `i` of the array is the attempt `tasks[i]`."""

    script: str
    tasks: tuple[tuple[str, int], ...]
    id: str | None = None


def read(attempt: SubmittedAttempt) -> Submission:
    """The script of its array, and the file that SLURM itself writes about the task."""
    record = find(attempt.run / "slurm", attempt.job, attempt.number)
    name = attempt.handle or (record.id if record else None)
    files = []
    if record is not None:
        files.append(("script", record.script))
    if name is not None:
        workdir = attempt.settings.get("workdir")
        folder = attempt.cwd / workdir if workdir else attempt.run
        files.append(("output", folder / "slurm" / f"{name}.out"))
    final = record is not None and record.id is not None
    return Submission(id=name, files=tuple(files), final=final)


def find(folder: Path, job: str, attempt: int) -> Submitted | None:
    """By the records in `folder`, or None: it was never handed over, or its record is not there."""
    for path in sorted(folder.glob("[!.]*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            record = msgspec.json.decode(path.read_bytes(), type=SubmissionRecord)
            if (job, attempt) in record.tasks:
                task = record.tasks.index((job, attempt))
                name = f"{record.id}_{task}" if record.id else None
                return Submitted(folder / record.script, name)
    return None
