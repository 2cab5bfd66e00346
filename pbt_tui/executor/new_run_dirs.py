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
import shutil
from contextlib import suppress

from pbt_tui.errors import RunBusy
from pbt_tui.files.atomic import replace
from pbt_tui.journal import RunDir, lock
from pbt_tui.spec import Processes, encode

_TRIES = 5
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def make(rundir: RunDir, spec: Processes) -> None:
    """Makes the directory and takes its lock; if another process was faster, does nothing.

    Raises:
        OSError: if a file cannot be written; then nothing is left.
    """
    rundir.path.parent.mkdir(parents=True, exist_ok=True)
    for tries in range(_TRIES):
        aside = RunDir(rundir.path.with_name(f".{rundir.path.name}.{secrets.token_hex(4)}"))
        try:
            aside.path.mkdir()
            lock.acquire(aside.lock)
            break
        except (RunBusy, FileNotFoundError):  # somebody took it for what a crash left
            if tries == _TRIES - 1:
                raise
    try:
        for folder in (aside.requests, aside.logs, aside.attempts):
            folder.mkdir()
        replace(aside.spec, encode(spec), sync=True)
        os.close(os.open(aside.journal, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        _sync(aside)
        aside.path.rename(rundir.path)
    except BaseException as e:
        lock.release(aside.lock)
        shutil.rmtree(aside.path, ignore_errors=True)
        if isinstance(e, OSError) and e.errno in _TAKEN and os.path.lexists(rundir.path):
            return
        raise
    lock.moved(aside.lock, rundir.lock)
    _sync(RunDir(rundir.path.parent))


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
            shutil.rmtree(aside.path, ignore_errors=True)
        finally:
            lock.release(aside.lock)


def _sync(folder: RunDir) -> None:
    fd = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
