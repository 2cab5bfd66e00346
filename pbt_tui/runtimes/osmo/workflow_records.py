"""Records of submitted workflows: one for each, on disk before the service is asked.

In the folder `osmo/` of a run directory, by the name of the workflow:

    <name>.yaml     the file that is submitted, never rewritten
    <name>.json     the attempts in it, and the id that the service gave, once it is known
    <name>.lock     held by a client that submits it, also if its executor has died
    <name>.seen     how far its logs have been copied

A name is unique for its attempts: an executor finds a workflow whose id is not recorded by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import SPEC_BYTES, read_regular

Name = tuple[str, int]


class TaskAttempt(msgspec.Struct, frozen=True):
    """One task of a workflow, and the attempt that it runs."""

    task: str
    """Name of the task."""
    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job."""


class WorkflowSubmission(msgspec.Struct, frozen=True):
    """One workflow."""

    name: str
    """Its name; its id is the name, `-` and a number."""
    tasks: tuple[TaskAttempt, ...]
    """Its tasks that are jobs."""
    asked: float | None = None
    """When a request may have been sent last, in Unix seconds; None: none was, or each was
    refused."""
    id: str | None = None
    """Id at the service; None while it is not recorded."""

    @property
    def names(self) -> list[Name]:
        """(job, attempt) of each task."""
        return [(one.job, one.attempt) for one in self.tasks]

    def handle(self, task: str) -> str:
        """The handle of one of its tasks, once it has an id."""
        return f"{self.id}/{task}"


_decoder = msgspec.json.Decoder(WorkflowSubmission)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


class WorkflowRecords:
    """The records of one run directory. Every method may raise `OSError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, record: WorkflowSubmission, text: bytes) -> None:
        """Writes the workflow file, and the record of it."""
        replace(self.file(record), text, sync=True)
        self.save(record)

    def save(self, record: WorkflowSubmission) -> None:
        """Replaces the record on disk atomically."""
        data = msgspec.json.encode(record) + b"\n"
        replace(self.folder / f"{record.name}.json", data, sync=True)

    def discard(self, record: WorkflowSubmission) -> None:
        """Removes the record of a workflow that the service never accepted."""
        folders.remove(self.folder / f"{record.name}.json")

    def all(self) -> list[WorkflowSubmission]:
        """All records; skips files that are no complete record."""
        records = []
        for path in self._paths():
            with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                records.append(_decoder.decode(read_regular(path, SPEC_BYTES)))
        return records

    def file(self, record: WorkflowSubmission) -> Path:
        """The workflow file."""
        return self.folder / f"{record.name}.yaml"

    def lock(self, record: WorkflowSubmission) -> Path:
        """The file that a client locks while it submits."""
        return self.folder / f"{record.name}.lock"

    def seen(self, record: WorkflowSubmission) -> Path:
        """The file that says how far logs have been copied."""
        return self.folder / f"{record.name}.seen"

    def _paths(self) -> Iterable[Path]:
        # without files that are being written
        return sorted(self.folder.glob("[!.]*.json"), key=os.fspath)
