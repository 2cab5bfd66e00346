"""Reads the executor's records of SLURM submissions, `<run dir>/slurm/<key>.json`.

Must not write them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.runtimes.kind import Submission, SubmittedAttempt


class Submitted(NamedTuple):
    """The submission of one attempt."""

    script: Path
    """Batch script of its array."""
    id: str | None
    """SLURM's id of the task, `67_3`; None while it is not recorded."""


class SubmissionRecord(msgspec.Struct, frozen=True):
    """The fields of a record that are read here."""

    script: str
    """File name of the batch script."""
    tasks: tuple[tuple[str, int], ...]
    """(job, attempt) of each task, by its index in the array."""
    id: str | None = None
    """SLURM's id of the array; None while it is not recorded."""


_decoder = msgspec.json.Decoder(SubmissionRecord)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def read(attempt: SubmittedAttempt) -> Submission:
    """The script of an attempt's array, and the file with slurmstepd's messages about its task."""
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
    """The submission of an attempt by the records in `folder`; None if there is no record."""
    for path in sorted(folder.glob("[!.]*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            record = _decoder.decode(read_regular(path, OURS))
            if (job, attempt) in record.tasks:
                task = record.tasks.index((job, attempt))
                name = f"{record.id}_{task}" if record.id else None
                return Submitted(folder / record.script, name)
    return None
