"""What was handed to SLURM, on disk: one record for each array, written before it is submitted.

Must not call SLURM. In the folder `slurm/` of a run directory, by the key of the submission:

    manifest-<hash>.txt, <key>.sbatch    what SLURM was given, never rewritten
    <key>.json                           who is in it, and SLURM's id once there is one
    <key>.out, <key>.err                 what `sbatch` said while it was at work

The key stands in the job's name and comment, so that a submission that was not written down can be
found again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pbt_tui.journal.atomic import replace

Name = tuple[str, int]
_ID = re.compile(r"\s*(\d+)\s*(?:;\s*(\S+)\s*)?")


class ArraySubmission(msgspec.Struct, frozen=True):
    """One array: task `i` of it is the attempt `tasks[i]`."""

    key: str
    script: str
    manifest: str
    tasks: tuple[Name, ...]
    id: str | None = None
    """Of the array; None while nobody has written it down."""
    cluster: str | None = None
    """Of a federation."""

    @property
    def ids(self) -> dict[Name, str]:
        return {name: f"{self.id}_{i}" for i, name in enumerate(self.tasks)} if self.id else {}


class Files(NamedTuple):
    """What SLURM is given of an array."""

    name: str
    """Of the manifest."""
    manifest: bytes
    script: bytes


def made(run_id: str, tasks: Sequence[Name], files: Files) -> ArraySubmission:
    parts = (run_id.encode(), files.manifest, files.script)
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
    return ArraySubmission(key, f"{key}.sbatch", files.name, tuple(tasks))


def accepted(text: str) -> tuple[str, str | None] | None:
    """The id, and the cluster of a federation, that `sbatch --parsable` printed: `123;cluster`."""
    found = _ID.fullmatch(text)
    return (found[1], found[2]) if found else None


class Submissions:
    """The records of one run directory. Everything may raise `OSError`."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder = folder
        self._run_id = run_id

    def write(self, tasks: Sequence[Name], files: Files) -> ArraySubmission:
        """What SLURM will be given of these tasks; the same ones get the same key."""
        record = made(self._run_id, tasks, files)
        replace(self.folder / record.manifest, files.manifest, sync=True)
        replace(self.folder / record.script, files.script, sync=True)
        self.out(record).unlink(missing_ok=True)
        return record

    def save(self, record: ArraySubmission) -> None:
        """At once, and so that a death leaves the old record or the new one."""
        data = msgspec.json.encode(record) + b"\n"
        replace(self.folder / f"{record.key}.json", data, sync=True)
        if record.id is not None:
            for message in (self.out(record), self.out(record).with_suffix(".err")):
                message.unlink(missing_ok=True)

    def discard(self, record: ArraySubmission) -> None:
        """It never came to be."""
        (self.folder / f"{record.key}.json").unlink(missing_ok=True)

    def all(self) -> list[ArraySubmission]:
        """What is there; half of a record is none."""
        found = []
        for path in self._records():
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=ArraySubmission))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
        return found

    def out(self, record: ArraySubmission) -> Path:
        return self.folder / f"{record.key}.out"

    def _records(self) -> Iterable[Path]:
        return sorted(self.folder.glob("[!.]*.json"))  # not one that is being written
