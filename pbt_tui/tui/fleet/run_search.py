"""Finds the run directories below a folder. Bounded in depth and number, whatever is there.

A folder that holds a run directory is not searched further: the rest of it is what trainers wrote.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pbt_tui.files import disk
from pbt_tui.journal.run_dir import RunDir

DEPTH = 4
"""Folders between the first one and a run directory, at most."""
FOLDERS = 20_000
"""Folders that are looked into, at most."""
ENTRIES = 20_000
"""Entries of one folder that are looked at, at most."""
_RUN = re.compile(r"_pbt(?:_.*)?")
_OLDER = re.compile(r"_pbt(?:_.*)?\.[0-9]+")
"""Names of runs that `--fresh` has moved aside."""


class FoundRun(NamedTuple):
    """A run directory, whole or not."""

    path: Path
    """The run directory."""
    is_older: bool
    """Whether `--fresh` has moved it aside."""


class RunSearch:
    """The run directories below a folder, those that are less deep first.

    Args:
        root: The folder.
        depth: Folders between it and a run directory, at most.
        folders: Folders to look into, at most.

    Example:
        >>> list(RunSearch(Path("no/such/folder")))
        []
    """

    def __init__(self, root: Path, *, depth: int = DEPTH, folders: int = FOLDERS) -> None:
        self.root = root
        """The folder."""
        self.cut: str | None = None
        """Why not all of it was searched; None: it was."""
        self._depth = depth
        self._folders = folders

    def __iter__(self) -> Iterator[FoundRun]:
        self.cut = None
        seen: set[tuple[int, int]] = set()
        waiting = deque([(self.root, 0)])
        left = self._folders
        while waiting:
            folder, depth = waiting.popleft()
            if left == 0:
                self.cut = f"only the first {self._folders} folders were searched"
                return
            left -= 1
            try:
                if not _is_new(folder, seen):  # a link to a folder that was searched
                    continue
                runs, others = self._inside(folder)
            except OSError:
                continue
            for run in runs:
                try:
                    is_new = _is_new(run.path, seen)
                except OSError:
                    is_new = True  # listed as what it is: a run that nobody can read
                if is_new:
                    yield run
            if not any(not run.is_older for run in runs) and depth < self._depth:
                waiting.extend((folder / name, depth + 1) for name in others)

    def _inside(self, folder: Path) -> tuple[list[FoundRun], list[str]]:
        """The run directories in a folder, and the names of other folders in it."""
        runs, others = [], []
        with os.scandir(folder) as entries:
            for entry in islice(entries, ENTRIES):
                name = entry.name
                if name.startswith(".") or not _is_folder(entry):
                    continue
                is_older = _OLDER.fullmatch(name) is not None
                if not is_older and _RUN.fullmatch(name) is None:
                    others.append(name)
                elif looks_like_a_run(folder / name):
                    runs.append(FoundRun(folder / name, is_older))
            if next(iter(entries), None) is not None:
                self.cut = f"a folder has more than {ENTRIES} entries"
        return sorted(runs), sorted(others)


def looks_like_a_run(path: Path) -> bool:
    """Whether a folder with the name of a run directory is one, or a part of one, as far as it can
    be looked at."""
    rundir = RunDir(path)
    for file in (rundir.journal, rundir.spec, rundir.lock):
        try:
            disk.calls.stat(file)
        except FileNotFoundError:
            continue
        except OSError:
            return True
        return True
    return False


def label(path: Path, root: Path) -> str:
    """The name of a run in a list: its folder below `root`, with the suffix of the run directory.

    Example:
        >>> label(Path("train_dir/ants/_pbt_night"), Path("train_dir"))
        'ants_night'
        >>> label(Path("lab/a/train_dir/ants/_pbt.1"), Path("lab"))
        'a/train_dir/ants.1'
    """
    folder = path.parent
    try:
        below = folder.relative_to(root)
    except ValueError:
        below = folder
    name = str(below) if below.name else folder.absolute().name
    return name + path.name.removeprefix("_pbt")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, for one
        return False


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    found = disk.calls.stat(folder)
    identity = found.st_dev, found.st_ino
    if identity in seen:
        return False
    seen.add(identity)
    return True
