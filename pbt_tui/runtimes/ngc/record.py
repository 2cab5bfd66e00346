"""`ngc/submitted.json`: the submitted jobs with their ids. A lock admits one writer.

The key of a job is its label, which is a hash of its request: a changed request has another key,
and the record of the earlier submission stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from pbt_tui.backends.ngc.files import FOLDER, RECORD
from pbt_tui.errors import RunBusy, RunError, Where
from pbt_tui.files import disk
from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.spec.types import Frozen

FORMAT: Final = "pbt-ngc-submitted/1"
_BETWEEN = 0.1


class SubmittedJob(Frozen, frozen=True, omit_defaults=True):
    """One submission."""

    job: str
    """Id of the job in the spec."""
    asked: float
    """When the request was recorded, before it was sent, in Unix seconds."""
    id: int | None = None
    """Id of the job at NGC; None: it is unknown whether NGC has the job."""


class _File(Frozen, frozen=True):
    format: Literal["pbt-ngc-submitted/1"]
    submitted: dict[str, SubmittedJob]


class SubmissionLog:
    """The record of one run; each entry is on disk before the client is called."""

    def __init__(self, folder: Path) -> None:
        """Reads the record in `folder`. Raises `RunError` if it is damaged."""
        self._path = folder / RECORD
        self.entries: dict[str, SubmittedJob] = {}
        """Submissions by label."""
        try:
            self.entries = msgspec.json.decode(
                read_regular(self._path, SPEC_BYTES), type=_File
            ).submitted
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as e:
            raise RunError(
                f"the record of submitted jobs cannot be read: {e}",
                where=Where(file=str(self._path)),
                hint="move the file away: `pbt-run` finds the jobs again by their labels",
            ) from None

    def put(self, label: str, entry: SubmittedJob) -> None:
        """Sets an entry on disk. Raises `RunError` if that fails: then do not call the client."""
        self.entries[label] = entry
        data = msgspec.json.format(msgspec.json.encode(_File(FORMAT, self.entries)), indent=1)
        try:
            replace(self._path, data + b"\n", sync=True)
        except OSError as e:
            raise RunError(
                f"cannot record the submission: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(self._path)),
            ) from e


@contextlib.contextmanager
def held(folder: Path, patience: float, wait: Callable[[], None]) -> Iterator[int]:
    """Holds the lock on a run's submission; gives its descriptor.

    A client that inherits the descriptor keeps the lock if its launcher is killed: so no other
    process looks up jobs while a request may still be in flight.

    Args:
        folder: folder of the run.
        patience: seconds to wait for the lock at most.
        wait: called once, before it waits.

    Raises:
        RunBusy: if another process still holds the lock then.
        RunError: if the lock file cannot be opened.
    """
    place = folder / FOLDER / ".lock"
    try:
        fd = disk.calls.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as e:
        reason = (e.strerror or str(e)).lower()
        raise RunError(f"cannot be locked: {reason}", where=Where(file=str(place))) from e
    try:
        end = time.monotonic() + patience
        told = False
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise RunBusy(
                        "another process is submitting this run",
                        where=Where(file=str(folder)),
                        hint="wait until it ends",
                    ) from None
                if not told:
                    wait()
                    told = True
                time.sleep(_BETWEEN)
        yield fd
    finally:
        os.close(fd)
