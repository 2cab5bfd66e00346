"""The format of IsaacGymEnvs: member folders, `best<N>` folders, and a folder for every start.

Reports the best folders as they are, although they may be wrong (P6): `health` judges them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.workspaces.generation import BestFile
from pbt_tui.observe.workspaces.member_folders import MemberFolders
from pbt_tui.observe.workspaces.metadata import number as measured

_BEST = re.compile(r"best([0-9]{1,4})")
_FILE = re.compile(
    r".*_best_obj_(-?[0-9.]+(?:e[-+]?[0-9]+)?)_iter_([0-9]{1,18})_policy([0-9]{1,3})"
    r"_frame[0-9]+\.yaml",
    re.I,
)
_START = re.compile(r"(.+)_(\d\d-\d\d-\d\d-\d\d)")
_INDEX = re.compile(r"^[ \t]*policy_idx: *([0-9]{1,3}) *$", re.M)
_WORKSPACE = re.compile(r"^[ \t]*workspace:(.*)$", re.M)
_LARGEST = 1 << 20
"""Most bytes of a `config.yaml`."""


class IsaacGymEnvs(MemberFolders):
    """Member folders, with best folders and starts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._starts: dict[str, tuple[int, float] | None] = {}

    def best(self) -> list[BestFile]:
        """The files of all `best<N>` folders; skips files that the trainer removes meanwhile."""
        found: list[BestFile] = []
        for folder in _folders(self.path):
            number = _BEST.fullmatch(folder.name)
            if not number:
                continue
            try:
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        name = _FILE.fullmatch(entry.name)
                        objective = measured(name[1]) if name else None
                        if name and objective is not None:
                            found.append(
                                BestFile(
                                    int(number[1]),
                                    objective,
                                    int(name[2]),
                                    int(name[3]),
                                    entry.stat().st_mtime,
                                )
                            )
            except OSError:
                continue
        return found

    def restarts(self) -> list[tuple[int, float]]:
        """Starts, from `runs/<experiment>_<dd-HH-MM-SS>/config.yaml`, of which each writes one.

        They include restarts without changed parameters, which the metadata does not show.
        """
        for folder in _folders(self.path.parent):
            if folder.path not in self._starts and _START.fullmatch(folder.name):
                config = Path(folder.path, "config.yaml")
                try:
                    stat = config.stat()
                    text = read_regular(config, _LARGEST).decode("utf-8", "replace")
                except OSError:
                    continue  # no folder of a start, not written yet, or not a configuration
                if text:
                    self._starts[folder.path] = self._start(text, stat.st_mtime)
        return sorted((s for s in self._starts.values() if s), key=lambda s: s[1])

    def _start(self, text: str, at: float) -> tuple[int, float] | None:
        index = _INDEX.search(text)
        workspaces = [name.strip().strip("'\"") for name in _WORKSPACE.findall(text)]
        workspaces = [name for name in workspaces if name]
        if not index or (workspaces and self.path.name not in workspaces):
            return None
        return int(index[1]), at


def _folders(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if e.is_dir()]
    except OSError:
        return []
