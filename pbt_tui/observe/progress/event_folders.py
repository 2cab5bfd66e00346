"""Finds the TensorBoard event files of one job, below the folders that belong to it alone.

A search is bounded in depth and in the number of entries, because a job may write anything there.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pbt_tui.files import disk

ENTRIES = 2000
"""Most entries of folders that one search looks at."""
DEPTH = 5
"""Folders below the first one that are searched."""
FILES = 8
"""Most event files of a job that are followed: one for each policy of a population."""
_MARK = ".tfevents."
_SKIPPED = frozenset(("nn", "checkpoints", "videos", "wandb", "__pycache__", "hparam"))
_ROUNDING = 2.0
"""Seconds by which a file system may round a time."""


class EventFile(NamedTuple):
    """A file that was found."""

    at: float
    """When it was last written, in Unix seconds."""
    path: Path


def folders(train_dir: Path, folder: str, name: str, *, alone: bool) -> list[Path]:
    """The folders that belong to one job.

    Args:
        train_dir: Root of everything that jobs write.
        folder: The `dir` of the job.
        name: The name that its command passes to the trainer.
        alone: Whether no other job has this `dir`.
    """
    base = train_dir / folder
    if alone:
        return [base]
    found = []
    for parent in (base, base / "runs"):
        found += [
            parent / entry
            for entry in _entries(parent)
            if entry == name or (entry.startswith(name) and not entry[len(name)].isalnum())
        ]
    return found[:100]


def event_files(places: Sequence[Path], since: float) -> list[EventFile]:
    """The event files that were written since then, the newest first, at most `FILES` of them.

    Args:
        places: The folders to search.
        since: When the attempt started, in Unix seconds.
    """
    budget = ENTRIES
    found: list[EventFile] = []
    stack = [(place, 0) for place in reversed(places)]
    while stack and budget > 0:
        folder, depth = stack.pop()
        for entry in _entries(folder):
            budget -= 1
            if budget <= 0:
                break
            path = folder / entry
            try:
                seen = disk.calls.stat(path)
            except OSError:
                continue
            if stat.S_ISDIR(seen.st_mode):
                if depth < DEPTH and entry not in _SKIPPED and not entry.startswith("_pbt"):
                    stack.append((path, depth + 1))
            elif _MARK in entry and seen.st_mtime >= since - _ROUNDING:
                found.append(EventFile(seen.st_mtime, path))
    return sorted(found, reverse=True)[:FILES]


def _entries(folder: Path) -> Iterator[str]:
    try:
        yield from sorted(disk.calls.listdir(folder))[:ENTRIES]
    except OSError:
        return
