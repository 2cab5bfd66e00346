"""Records of submitted arrays: one for each, on disk before the array is submitted.

In the folder `slurm/` of a run directory, by the key of the submission:

    manifest-<hash>.txt, <key>.sbatch    what SLURM gets, never rewritten
    <key>.json                           the attempts in it, and SLURM's id once it is known
    <key>.out, <key>.err                 the output of `sbatch` while it runs

The key is part of the job's name and comment in SLURM, by which an executor finds a submission
whose id is not recorded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import SPEC_BYTES, read_regular

Name = tuple[str, int]
_ID = re.compile(r"\s*([0-9]+)\s*(?:;\s*(\S+)\s*)?")


class ArraySubmission(msgspec.Struct, frozen=True):
    """One array."""

    key: str
    """Hash of run id, manifest and script."""
    script: str
    """File name of the batch script."""
    manifest: str
    """File name of the manifest."""
    tasks: tuple[Name, ...]
    """(job, attempt) of each task, by its index in the array."""
    id: str | None = None
    """SLURM's id of the array; None while it is not recorded."""
    cluster: str | None = None
    """The cluster, in a federation."""

    @property
    def ids(self) -> dict[Name, str]:
        """SLURM's ids of the tasks; empty while that of the array is not recorded."""
        return {name: f"{self.id}_{i}" for i, name in enumerate(self.tasks)} if self.id else {}


_decoder = msgspec.json.Decoder(ArraySubmission)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


class Files(NamedTuple):
    """The files of an array."""

    name: str
    """File name of the manifest."""
    manifest: bytes
    """Content of the manifest: a line for each task."""
    script: bytes
    """Content of the batch script."""


def made(run_id: str, tasks: Sequence[Name], files: Files) -> ArraySubmission:
    """The record of an array that has not been submitted."""
    parts = (run_id.encode(), files.manifest, files.script)
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
    return ArraySubmission(key, f"{key}.sbatch", files.name, tuple(tasks))


def printed_id(text: str) -> tuple[str, str | None] | None:
    """(id, cluster of a federation) in the last such line of the output of `sbatch --parsable`.

    Such a line is `123` or `123;cluster`. It may be a line of a site's banner: `ArrayLookup` tells.
    """
    matches = [match for line in text.splitlines() if (match := _ID.fullmatch(line))]
    return (matches[-1][1], matches[-1][2]) if matches else None


class Submissions:
    """The records of one run directory. Every method may raise `OSError`."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder = folder
        self._run_id = run_id

    def write(self, tasks: Sequence[Name], files: Files) -> ArraySubmission:
        """Writes the files for these tasks; the same tasks and files always get the same key."""
        record = made(self._run_id, tasks, files)
        replace(self.folder / record.manifest, files.manifest, sync=True)
        replace(self.folder / record.script, files.script, sync=True)
        folders.remove(self.out(record))
        return record

    def save(self, record: ArraySubmission) -> None:
        """Replaces the record on disk atomically; with an id, removes the output of `sbatch`."""
        data = msgspec.json.encode(record) + b"\n"
        replace(self.folder / f"{record.key}.json", data, sync=True)
        if record.id is not None:
            for output in (self.out(record), self.out(record).with_suffix(".err")):
                folders.remove(output)

    def discard(self, record: ArraySubmission) -> None:
        """Removes the record of an array that SLURM never accepted."""
        folders.remove(self.folder / f"{record.key}.json")

    def all(self) -> list[ArraySubmission]:
        """All records; skips files that are no complete record."""
        records = []
        for path in self._records():
            try:
                records.append(_decoder.decode(read_regular(path, SPEC_BYTES)))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
        return records

    def out(self, record: ArraySubmission) -> Path:
        """The file for the output of `sbatch`."""
        return self.folder / f"{record.key}.out"

    def _records(self) -> Iterable[Path]:
        return sorted(self.folder.glob("[!.]*.json"))  # without files that are being written
