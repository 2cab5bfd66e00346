"""Recognises a population's workspace, and its style, by what is in a folder.

Must not read more than a few files, however large the tree.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from pbt_tui.observe.workspaces.member_folders import numbered
from pbt_tui.observe.workspaces.metadata import LARGEST, Metadata, parse
from pbt_tui.spec import Style

_DEPTH = 5
_FOLDERS = 3000
_GENERATION = re.compile(r"[0-9]{1,12}\.yaml")
_BEST = re.compile(r"best\d+")


class Found(NamedTuple):
    path: Path
    """Absolute."""
    style: Style
    newest: float
    """Unix seconds of the newest folder in it."""


def find(path: Path) -> Found | None:
    """The workspace at `path`, else the newest one some levels below; None where there is none.

    `path` may be the workspace, the working directory of the members, or the training directory.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  # no symlink walk: paths stay as given
    best: Found | None = None
    level = [path]
    looked = 0
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            looked += 1
            found = recognise(folder)
            if found and (best is None or found.newest > best.newest):
                best = found
            if not found and looked + len(below) < _FOLDERS:
                below += _folders(folder)
        if best and best.path == path:
            return best
        level = below
    return best


def recognise(path: Path) -> Found | None:
    """Whether this very folder is a workspace."""
    if (path / "checkpoint_p0").is_dir() and (
        (path / "config.json").is_file() or (path / "sf_log.txt").is_file()
    ):
        return Found(path, "sample_factory", _mtime(path / "checkpoint_p0"))
    members = numbered(path)
    samples = [s for s in (_sample(Path(m.path)) for m in members[:8]) if s]
    if not samples:
        return None
    newest = max(_mtime(Path(m.path)) for m in members)
    return Found(path, _style(path, samples), newest)


def _style(path: Path, samples: list[Path]) -> Style:
    """Lab's parameters begin with `agent.`; else the folder above it, or best folders, tell."""
    for sample in samples:
        try:
            with sample.open("rb") as f:
                data = parse(f.read(LARGEST))
        except OSError:
            continue
        if isinstance(data, Metadata) and data.params:
            lab = any(key.startswith("agent.") for key in data.params)
            return "isaaclab" if lab else "isaacgymenvs"
    best = any(_BEST.fullmatch(folder.name) for folder in _folders(path))
    return "isaacgymenvs" if best or path.parent.name == "runs" else "isaaclab"


def _sample(folder: Path) -> Path | None:
    """Any metadata file in it."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _GENERATION.fullmatch(entry.name) and entry.is_file():
                    return Path(entry.path)
    except OSError:
        pass
    return None


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            found = [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(found)


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
