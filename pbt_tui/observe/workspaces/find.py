"""Finds the workspace of a population below a folder, and its style.

Must not read more than a few files, however large the tree. Each style decides whether a folder is
a workspace of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from pbt_tui.errors import BrokenKind
from pbt_tui.files.regular import read_regular
from pbt_tui.observe.workspaces.metadata import LARGEST, Metadata, parse
from pbt_tui.populations import STYLES, FoundFolder, Style

_DEPTH = 5
_FOLDERS = 3000
_SAMPLES = 8
"""Most folders of members to look into."""


class Found(NamedTuple):
    """A workspace."""

    path: Path
    """Its absolute path."""
    style: str
    """Name of its style."""
    newest: float
    """When the newest of its members' folders changed, in Unix seconds."""


def find(path: Path) -> Found | None:
    """The workspace at `path`, else the newest one up to five levels below; None if there is none.

    `path` may be the workspace, the working directory of the members, or the training directory.
    Styles of other packages are tried only if no built-in style recognises a folder.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  # no symlink walk: paths stay as given
    built_in = [STYLES.get(name) for name in STYLES.built_in]
    return _find(path, built_in) or _find(path, list(_installed()))


def _installed() -> Iterator[Style]:
    for name in STYLES.names()[len(STYLES.built_in) :]:
        with suppress(BrokenKind):  # the search goes on without a broken style
            yield STYLES.get(name)


def _find(path: Path, styles: Sequence[Style]) -> Found | None:
    if not styles:
        return None
    best: Found | None = None
    level = [path]
    looked = 0
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            looked += 1
            listing = _Listing(folder)
            found = _recognise(listing, styles)
            if found and (best is None or found.newest > best.newest):
                best = found
            if not found and looked + len(below) < _FOLDERS:
                below += listing.below
        if best and best.path == path:
            return best
        level = below
    return best


def _recognise(listing: _Listing, styles: Sequence[Style]) -> Found | None:
    """The workspace in this folder; None if it is none."""
    for style in styles:
        members = listing.members(style)
        if members and style.is_workspace(listing.found(style)):
            newest = max(_mtime(listing.path / name) for name in members)
            return Found(listing.path, style.name, newest)
    return None


class _Listing:
    """The entries of one folder, and samples of the files in its folders."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folders: list[str] = []
        self.files: list[str] = []
        self.below: list[Path] = []
        """Paths of its folders, without symbolic links."""
        with suppress(OSError), os.scandir(path) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                if entry.is_dir():
                    self.folders.append(entry.name)
                    if not entry.is_symlink():
                        self.below.append(Path(entry.path))
                else:
                    self.files.append(entry.name)
        self._generations: dict[tuple[str, str], list[Path]] = {}

    def members(self, style: Style) -> Collection[str]:
        """Folders whose names are those of members in the style."""
        pattern = _compiled(style.generation_files[0])
        return [name for name in self.folders if pattern.fullmatch(name)]

    def found(self, style: Style) -> FoundFolder:
        """The folder as the style judges it."""
        samples = self._samples(style)
        parent = self.path.parent.name
        names = (self.path.name, parent, self.folders, self.files)
        return FoundFolder(*names, bool(samples), _Params(samples))

    def _samples(self, style: Style) -> list[Path]:
        """A generation's file from each of the first members' folders, if it has one."""
        if style.generation_files not in self._generations:
            pattern = _compiled(style.generation_files[1])
            folders = [self.path / name for name in list(self.members(style))[:_SAMPLES]]
            samples = [s for folder in folders if (s := _sample(folder, pattern))]
            self._generations[style.generation_files] = samples
        return self._generations[style.generation_files]


class _Params:
    """The parameter names in the first metadata file that has any; reads each file once."""

    def __init__(self, samples: Sequence[Path]) -> None:
        self._paths = samples

    def __call__(self) -> Collection[str]:
        return self._names

    @cached_property
    def _names(self) -> Collection[str]:
        for path in self._paths:
            try:
                data = parse(read_regular(path, LARGEST))
            except OSError:
                continue
            if isinstance(data, Metadata) and data.params:
                return tuple(data.params)
        return ()


_compiled = cache(re.compile)


def _sample(folder: Path, pattern: re.Pattern[str]) -> Path | None:
    """Any file in the folder whose name matches."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if pattern.fullmatch(entry.name) and entry.is_file():
                    return Path(entry.path)
    except OSError:
        pass
    return None


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
