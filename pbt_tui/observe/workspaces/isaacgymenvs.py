"""The format of IsaacGymEnvs: member folders, `best<N>` folders, and a folder for every start.

Reports the best folders as they are, although they may be wrong (P6): `health` judges them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pbt_tui.observe.workspaces.generation import BestFile
from pbt_tui.observe.workspaces.member_folders import MemberFolders

_BEST = re.compile(r"best(\d{1,4})")
_FILE = re.compile(
    r".*_best_obj_(-?[\d.]+(?:e[-+]?\d+)?)_iter_(\d+)_policy(\d+)_frame\d+\.yaml", re.I
)
_START = re.compile(r"(.+)_(\d\d-\d\d-\d\d-\d\d)")
_INDEX = re.compile(r"^\s*policy_idx: *(\d+) *$", re.M)
_WORKSPACE = re.compile(r"^\s*workspace: *['\"]?([^'\"\n]+?)['\"]? *$", re.M)


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
                        if name:
                            found.append(
                                BestFile(
                                    int(number[1]),
                                    float(name[1]),
                                    int(name[2]),
                                    int(name[3]),
                                    entry.stat().st_mtime,
                                )
                            )
            except (OSError, ValueError):
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
                    with config.open("rb") as f:
                        text = f.read(1 << 20).decode("utf-8", "replace")
                except FileNotFoundError:
                    continue  # no folder of a start, or not written yet
                except OSError:
                    continue
                if text:
                    self._starts[folder.path] = self._start(text, stat.st_mtime)
        return sorted((s for s in self._starts.values() if s), key=lambda s: s[1])

    def _start(self, text: str, at: float) -> tuple[int, float] | None:
        index = _INDEX.search(text)
        workspaces = _WORKSPACE.findall(text)
        if not index or (workspaces and self.path.name not in workspaces):
            return None
        return int(index[1]), at


def _folders(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if e.is_dir()]
    except OSError:
        return []
