"""Whether this executor still has the run: its files are at their paths, and nobody else wrote.

A person can remove `lock`, restore the journal from a copy, or move the whole directory, or the
folder of the attempt files, while an executor works in it. Then another executor may have the run,
or will, or exit codes are written to another place. Must not write anything.
"""

from __future__ import annotations

import os
from pathlib import Path

from pbt_tui.errors import RunError, Where
from pbt_tui.files import disk
from pbt_tui.journal import byte_locks, lock

_Identity = tuple[int, int]
"""Device and inode of a file."""
_HINT = "running jobs keep running; once its files are back, run it again to pick them up"
_LOCK_HINT = "running jobs keep running; run the directory again to pick them up"
"""The next executor makes the lock again: nothing has to come back."""
_FOLDER_HINT = "running jobs keep running; once it is back, run the directory again to pick them up"


class SoleWriter:
    """The two files that make an executor the owner of a run.

    Args:
        fd: the journal, opened for writing.
        journal: its path.
        held: the path of the lock that this process holds; None: it has none.

    Raises:
        RunBusy: if another executor is the writer of the journal.
        RunError: if the path names another file than the descriptor.
    """

    def __init__(self, fd: int, journal: Path, held: Path | None) -> None:
        self.exclusive = byte_locks.own(fd, journal)
        """Whether the kernel refuses a second writer even after `lock` was removed."""
        self._journal = journal
        self._journal_id = _identity(disk.calls.fstat(fd))
        self._lock = held
        self._lock_id = lock.identity(held) if held is not None else None
        self._folder: Path | None = None
        self._folder_id: _Identity | None = None
        self.check(disk.calls.fstat(fd).st_size)

    def watch(self, folder: Path) -> None:
        """Takes in a folder that has to stay where it is, too.

        Raises:
            RunError: if it is not there, or cannot be looked at.
        """
        found = self._look(folder)
        if found is None:
            raise self._moved(folder, "removed or moved")
        self._folder, self._folder_id = folder, _identity(found)

    def check(self, size: int) -> None:
        """Costs three looks at the file system.

        Args:
            size: bytes that the journal has if nobody else wrote.

        Raises:
            RunError: if the run is no longer ours, or the files cannot be looked at.
        """
        found = self._look(self._journal)
        if found is None:
            gone = not os.path.lexists(self._journal.parent)
            raise self._lost(
                "the run directory was removed or moved" if gone else "the journal was removed"
            )
        if _identity(found) != self._journal_id:
            raise self._lost("the journal was replaced")
        if found.st_size > size:
            raise self._lost("another executor wrote the journal")
        if found.st_size < size:
            raise self._lost("the journal was cut short")
        if self._lock is not None:
            found = self._look(self._lock)
            if found is None:
                raise self._lost("the lock was removed", _LOCK_HINT)
            if _identity(found) != self._lock_id:
                raise self._lost("the lock was replaced", _LOCK_HINT)
        if self._folder is not None:
            found = self._look(self._folder)
            if found is None:
                raise self._moved(self._folder, "removed or moved")
            if _identity(found) != self._folder_id:
                raise self._moved(self._folder, "replaced")

    def _look(self, path: Path) -> os.stat_result | None:
        try:
            return disk.calls.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as e:
            raise RunError(
                f"cannot look at a file of the run: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(path)),
                hint="running jobs keep running; run the directory again to pick them up",
            ) from e

    def _moved(self, folder: Path, what: str) -> RunError:
        return RunError(
            f"the folder of attempts was {what}",
            where=Where(file=str(folder)),
            hint=_FOLDER_HINT,
        )

    def _lost(self, what: str, hint: str = _HINT) -> RunError:
        return RunError(
            f"this executor has lost the run: {what}",
            where=Where(file=str(self._journal.parent)),
            hint=hint,
        )


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino
