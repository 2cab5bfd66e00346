"""Finds the workspace of a population of a run, also where the run directory is a copy.

The spec and the journal may name the workspace by an absolute path. In a copy of the run directory
that path leads to the workspace of the original, which may still be written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from pbt_tui.journal.state import RunState
from pbt_tui.spec import Population


class _RunDir(Protocol):
    path: Path
    """The run directory."""


def workspace(state: RunState, rundir: _RunDir, population: Population) -> Path:
    """Path of a population's workspace.

    A copied run directory may have a copy of it beside it, which has precedence.

    Args:
        state: The state of the run.
        rundir: Its paths.
        population: One of its populations.
    """
    train_dir = rundir.path.parent.parent
    text = population.workspace
    if state.train_dir is not None and _is_below(text, state.train_dir):
        beside = train_dir / os.path.relpath(text, state.train_dir)
        if beside.exists():
            return Path(os.path.abspath(beside))  # noqa: PTH100
    here = Path(os.path.abspath(train_dir / text))  # noqa: PTH100
    if here.exists() or state.train_dir is None:
        return here
    return Path(state.train_dir, text)


def original(state: RunState, rundir: _RunDir, path: Path) -> Path | None:
    """The run directory to which a workspace belongs, if that is not this one.

    Args:
        state: The state of the run.
        rundir: Its paths.
        path: The workspace.

    Returns:
        The run directory that the journal names, if this one is a copy of it and the workspace is
        not beside this one. None: the workspace is this run's own.
    """
    if state.train_dir is None or _is_below(path, rundir.path.parent.parent):
        return None
    recorded = Path(state.train_dir, state.spec.run, rundir.path.name)
    try:
        is_here = os.path.samefile(recorded, rundir.path)  # noqa: PTH121
    except OSError:
        return None  # it was moved, or its disk is not there
    return None if is_here else recorded


def command(state: RunState, population: Population) -> tuple[str, ...]:
    """The command of a member.

    Args:
        state: The state of the run.
        population: One of its populations.
    """
    job = next((state.by_id[m] for m in population.members if m in state.by_id), None)
    return job.spec.argv if job else ()


def _is_below(path: str | Path, folder: str | Path) -> bool:
    """Whether a path is absolute, and inside a folder by its text or by its links."""
    if not os.path.isabs(path):  # noqa: PTH117
        return False
    for of in (os.path.abspath, os.path.realpath):
        if Path(of(path)).is_relative_to(of(folder)):
            return True
    return False
