"""Finds the starts of members in the folders that each start leaves beside the workspace.

IsaacGymEnvs writes `<experiment>_<time>/config.yaml`, Isaac Lab `<time>/params/agent.yaml`: the
whole configuration of the start, 30 seconds before its first generation. Must not read YAML that is
nested: a few keys of a long file are found by their lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.workspaces.generation import LoadedCheckpoint, Start
from pbt_tui.observe.workspaces.settling import TICK, is_folder, is_settled

_LARGEST = 1 << 20
"""Most bytes of a configuration."""
_TRIES = 30
"""Polls after which a folder without a configuration is no longer looked into."""
_TIME = re.compile(r"\d\d-\d\d-\d\d-\d\d|\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", re.ASCII)
"""The time of a start in the name of its folder: no later start has that folder."""
_MEMBER = re.compile(r"[0-9]{3}", re.ASCII)
_COPIES = re.compile(r".+_p[0-9]{1,4}", re.ASCII | re.DOTALL)
"""The temporary folder of IsaacGymEnvs, with a copy of the donor's file: `<start>_p<own index>`."""
_LONGEST = 4096
"""Most characters of a path or a name."""


class Layout(NamedTuple):
    """Where a trainer writes the configuration of a start, and the names of the keys in it."""

    config: str
    """Path of the configuration below the folder of the start."""
    loaded: str
    """The key with the path of the checkpoint."""
    name: str
    """The key with the `experiment_name`."""
    inner: bool
    """Whether these keys are in a map of the document."""


class StartFolders:
    """The starts of one population; `poll` reads the folders that are new or have changed.

    Args:
        workspace: Path of the workspace; the folders of starts are beside it.
        layout: What the trainer writes.
    """

    def __init__(self, workspace: Path, layout: Layout) -> None:
        self._workspace = workspace
        self._layout = layout
        self._listed: int | None = None
        """When the folder of the starts had changed last, in nanoseconds."""
        self._open: dict[str, int] = {}
        """Folders that may yet get a configuration, or another one: the polls without one."""
        self._known: set[str] = set()
        self._read: dict[str, int] = {}
        """Configuration to the time of its last change, in nanoseconds."""
        self._found: dict[tuple[str, int], Start] = {}
        self._sorted: list[Start] = []

    def starts(self) -> list[Start]:
        """All starts of the members, in order."""
        self._list()
        found = [self._look(folder) for folder in list(self._open)]
        if any(found):
            self._sorted = sorted(self._found.values(), key=lambda s: (s.at, s.member))
        return self._sorted

    def size(self) -> int | None:
        """Number of members in the newest configuration that has it."""
        found = self._sorted or self.starts()
        return next((s.size for s in reversed(found) if s.size), None)

    def _list(self) -> None:
        """Lists the folders, unless none was added."""
        parent = self._workspace.parent
        try:
            changed = parent.stat().st_mtime_ns
            if changed == self._listed:
                return
            with os.scandir(parent) as entries:
                for entry in entries:
                    if entry.path in self._known or entry.name == self._workspace.name:
                        continue
                    self._known.add(entry.path)
                    if is_folder(entry):
                        self._open[entry.path] = 0
        except OSError:
            return
        if is_settled(changed / 1e9, TICK):  # a folder that came in the same moment shows not
            self._listed = changed

    def _look(self, folder: str) -> bool:
        """Reads the configuration in a folder if it changed; returns whether a start was found."""
        config = os.path.join(folder, self._layout.config)  # noqa: PTH118
        try:
            stat = os.stat(config)  # noqa: PTH116
            new = stat.st_mtime_ns != self._read.get(folder)
            data = read_regular(config, _LARGEST) if new else b""
        except OSError:
            self._open[folder] += 1
            if self._open[folder] > _TRIES and folder not in self._read:
                del self._open[folder]
            return False
        if is_settled(stat.st_mtime) and _TIME.search(os.path.basename(folder)):  # noqa: PTH119
            self._open.pop(folder)  # no later start writes here
        if not data.strip():
            return False
        self._read[folder] = stat.st_mtime_ns
        start = self._start(folder, data.decode("utf-8", "replace"), stat.st_mtime)
        if start is not None:
            self._found[folder, stat.st_mtime_ns] = start
        return start is not None

    def _start(self, folder: str, text: str, at: float) -> Start | None:
        index = _value(text, "policy_idx")
        workspaces = {os.path.basename(v) for v in _values(text, "workspace") if v}  # noqa: PTH119
        if not _is_number(index, 3) or (workspaces and self._workspace.name not in workspaces):
            return None
        size = _value(text, "num_policies")
        path = _value(text, self._layout.loaded, inner=self._layout.inner)
        return Start(
            member=int(index),
            at=at,
            name=_value(text, self._layout.name, inner=self._layout.inner),
            loaded=_loaded(path, {*workspaces, self._workspace.name}),
            scratch=not path and _value(text, "load_checkpoint").lower() == "false",
            size=int(size) if _is_number(size, 4) else None,
            folder=folder,
        )


def _loaded(path: str, workspaces: Collection[str]) -> LoadedCheckpoint | None:
    """What a path names: a generation in the workspace, or its copy in a temporary folder."""
    if not path or path in ("null", "None", "False"):
        return None
    above, folder, name = ["", "", *path.rsplit("/", 2)][-3:]
    number = name.removesuffix(".pth")
    if name == number or not _is_number(number, 12):
        return LoadedCheckpoint(path, None, None)
    if _MEMBER.fullmatch(folder) and os.path.basename(above) in workspaces:  # noqa: PTH119
        return LoadedCheckpoint(path, int(folder), int(number))
    return LoadedCheckpoint(path, None, int(number) if _COPIES.fullmatch(folder) else None)


def _values(text: str, key: str, *, inner: bool = True) -> list[str]:
    """The values of a key; `inner`: also where the key is in a map of the document."""
    pattern = rf"^{'[ ]*' if inner else ''}{re.escape(key)}:[ ]([^\n]*)$"
    found = [value.strip() for value in re.findall(pattern, text, re.MULTILINE)]
    return [_text(value) for value in found]


def _text(value: str) -> str:
    """A scalar without its quotes; empty for an interpolation, which refers to another key."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return "" if value.startswith("${") or len(value) > _LONGEST else value


def _value(text: str, key: str, *, inner: bool = True) -> str:
    return next((value for value in _values(text, key, inner=inner) if value), "")


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits
