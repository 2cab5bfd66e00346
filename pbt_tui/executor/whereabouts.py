"""Whether a run directory is where its journal says: here, copied, or moved.

The journal holds absolute paths. In a copy they still name the original: an executor that followed
them would work there. Must not change anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from pbt_tui.errors import RunError, Where
from pbt_tui.files.regular import read_head
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.events import RunOpened

_FIRST = 1 << 20
"""Bytes of the longest first line of a journal."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a run directory is, compared with where its journal says."""

    relation: Literal["here", "copied", "moved"]
    """`here` also through a link or another mount of the same directory."""
    recorded: Path
    """The run directory that the journal names."""


def whereabouts(rundir: RunDir, state: RunState) -> Whereabouts:
    """Compares the directory with the recorded one, by device and inode, not by spelling.

    Raises:
        RunError: if the recorded place cannot be looked at.
    """
    if state.train_dir is None:
        return Whereabouts("here", rundir.path)
    recorded = RunDir.of(Path(state.train_dir), state.spec.run, state.spec.suffix)
    there = _look(recorded.path)
    here = os.stat(rundir.path)  # noqa: PTH116 - beside `_look`
    if there is not None and os.path.samestat(there, here):
        return Whereabouts("here", recorded.path)
    first, original = opening(rundir), opening(recorded) if there is not None else None
    if first is not None and original is not None and first.run_id == original.run_id:
        return Whereabouts("copied", recorded.path)
    # `--fresh` has renamed it within its folder, or a person did: all paths of its jobs hold.
    beside = _look(recorded.path.parent)
    if beside is not None and not state.active:
        if os.path.samestat(beside, os.stat(rundir.path.parent)):  # noqa: PTH116
            return Whereabouts("here", recorded.path)
    inode = os.stat(rundir.journal).st_ino  # noqa: PTH116
    return Whereabouts("copied" if state.inode not in (None, inode) else "moved", recorded.path)


def opening(rundir: RunDir) -> RunOpened | None:
    """The first line of the journal; None where none can be read."""
    try:
        first, _, _ = read_head(rundir.journal, _FIRST).partition(b"\n")
        return msgspec.json.decode(first, type=RunOpened)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _look(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - beside `os.path.samestat`
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise RunError(
            f"cannot look at the place where this run was: {(e.strerror or str(e)).lower()}",
            where=Where(file=str(path)),
            hint="nothing was changed",
        ) from e
