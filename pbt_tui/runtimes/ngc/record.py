"""`ngc/submitted.json`: what was asked for, and the id that came of it. One writer, under a lock.

Must not know the client. The key is a job's label, which stands for all that its request says: a
request that was changed has another one, and what was submitted before it stays recorded.
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
from pbt_tui.journal.atomic import replace
from pbt_tui.spec.types import Frozen

FORMAT: Final = "pbt-ngc-submitted/1"
_BETWEEN = 0.1


class SubmittedJob(Frozen, frozen=True, omit_defaults=True):
    """One submission: `asked` in Unix seconds, before the client was called; `id` once it is known.

    Without an id it is not known whether there is a job.
    """

    job: str
    asked: float
    id: int | None = None


class _File(Frozen, frozen=True):
    format: Literal["pbt-ngc-submitted/1"]
    submitted: dict[str, SubmittedJob]


class SubmissionLog:
    """The record of the run in `folder`; each change is on disk before it is obeyed."""

    def __init__(self, folder: Path) -> None:
        """Raises `RunError` where what is there cannot be read."""
        self._path = folder / RECORD
        self.entries: dict[str, SubmittedJob] = {}
        try:
            self.entries = msgspec.json.decode(self._path.read_bytes(), type=_File).submitted
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as e:
            raise RunError(
                f"the record of what was submitted cannot be read: {e}",
                where=Where(file=str(self._path)),
                hint="put it aside: jobs are found again by their labels",
            ) from None

    def put(self, label: str, entry: SubmittedJob) -> None:
        """Raises `RunError` where it cannot be written: then nothing may be done."""
        self.entries[label] = entry
        data = msgspec.json.format(msgspec.json.encode(_File(FORMAT, self.entries)), indent=1)
        try:
            replace(self._path, data + b"\n", sync=True)
        except OSError as e:
            raise RunError(
                f"cannot record what is submitted: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(self._path)),
            ) from e


@contextlib.contextmanager
def held(folder: Path, patience: float, wait: Callable[[], None]) -> Iterator[int]:
    """The lock on a run's submission, as a descriptor.

    A client that inherits it keeps it when its launcher is killed, so nobody asks what is there
    while an earlier request may still be on its way. Calls `wait` once before it waits `patience`
    seconds at most; raises `RunBusy` then.
    """
    place = folder / FOLDER / ".lock"
    try:
        fd = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
                        "this run is being submitted by somebody else",
                        where=Where(file=str(folder)),
                        hint="wait for them to end",
                    ) from None
                if not told:
                    wait()
                    told = True
                time.sleep(_BETWEEN)
        yield fd
    finally:
        os.close(fd)
