"""Makes a new run directory whole, under another name beside its place, then renames it.

So a run directory has its spec and its journal from the moment that it exists: an executor that is
killed while it makes one leaves only a hidden folder, which the next one removes. Must not be used
for a directory that exists.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress

from pbt_tui.errors import RunBusy, RunError, Where
from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.permissions import make_folders
from pbt_tui.files.writing import create
from pbt_tui.journal import RunDir, lock
from pbt_tui.spec import Processes, encode

_TRIES = 5
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def make(rundir: RunDir, spec: Processes, *, share: bool) -> None:
    """Makes the directory and takes its lock; if another process was faster, does nothing.

    Raises:
        RunError: if the file system has no locks; then nothing is left.
        OSError: if a file cannot be written; then nothing is left.
    """
    for tries in range(_TRIES):
        aside = _aside(rundir)
        try:
            make_folders(aside.path, (), share=share)
            lock.acquire(aside.lock)
            break
        except (RunBusy, FileNotFoundError):  # somebody took it for what a crash left
            if tries == _TRIES - 1:
                raise
        except RunError as e:  # it is about the file system, and the other name is gone with it
            with suppress(OSError):
                folders.remove_tree(aside.path)
            raise RunError(e.what, where=Where(file=str(rundir.path)), hint=e.hint) from e
    try:
        make_folders(aside.path, aside.folders, share=share)
        replace(aside.spec, encode(spec), sync=True)
        create(aside.journal, b"")
        folders.sync(aside.path)
        folders.rename(aside.path, rundir.path)
    except BaseException as e:
        lock.release(aside.lock)
        with suppress(OSError):
            folders.remove_tree(aside.path)
        if isinstance(e, OSError) and e.errno in _TAKEN and os.path.lexists(rundir.path):
            return
        raise
    lock.moved(aside.lock, rundir.lock)
    folders.sync(rundir.path.parent)


def discard(rundir: RunDir) -> None:
    """Removes a run directory, if its lock is the one that this process holds.

    It is renamed before its files are removed: whoever puts another directory in its place
    meanwhile loses nothing.

    Raises:
        OSError: if it cannot be renamed or removed.
    """
    mine = lock.identity(rundir.lock)
    if mine is None or lock.identity_at(rundir.lock) != mine:
        return
    aside = _aside(rundir)
    folders.rename(rundir.path, aside.path)
    if lock.identity_at(aside.lock) == mine:
        folders.remove_tree(aside.path)
    elif not os.path.lexists(rundir.path):
        folders.rename(aside.path, rundir.path)


def _aside(rundir: RunDir) -> RunDir:
    """A hidden name beside the directory, which `clean` knows."""
    return RunDir(rundir.path.with_name(f".{rundir.path.name}.{secrets.token_hex(4)}"))


def clean(rundir: RunDir) -> None:
    """Removes what crashes left beside the directory, unless its maker still works on it."""
    left = re.compile(rf"\.{re.escape(rundir.path.name)}\.[0-9a-f]{{8}}")
    with suppress(OSError):
        for entry in list(os.scandir(rundir.path.parent)):
            if left.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _remove(RunDir(rundir.path.with_name(entry.name)))


def _remove(aside: RunDir) -> None:
    with suppress(RunBusy, OSError):
        lock.acquire(aside.lock)
        try:
            folders.remove_tree(aside.path)
        finally:
            lock.release(aside.lock)
