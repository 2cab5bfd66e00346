"""The format of IsaacGymEnvs: member folders, `best<N>` folders, and a folder for every start.

Reports the best folders as they are, although they may be wrong (P6): `health` judges them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pbt_tui.observe.workspaces.generation import BestFile, Start
from pbt_tui.observe.workspaces.member_folders import MemberFolders
from pbt_tui.observe.workspaces.metadata import number as measured
from pbt_tui.observe.workspaces.settling import is_folder
from pbt_tui.observe.workspaces.start_folders import Layout, StartFolders

_BEST = re.compile(r"best([0-9]{1,4})")
_FILE = re.compile(
    r".*_best_obj_(-?[0-9.]+(?:e[-+]?[0-9]+)?)_iter_([0-9]{1,18})_policy([0-9]{1,3})"
    r"_frame[0-9]+\.yaml",
    re.I,
)
_LAYOUT = Layout("config.yaml", loaded="checkpoint", name="full_experiment_name", inner=False)


class IsaacGymEnvs(MemberFolders):
    """Member folders, with best folders and starts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._starts = StartFolders(path, _LAYOUT)

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

    def starts(self) -> Sequence[Start]:
        """Starts, from `runs/<experiment>_<dd-HH-MM-SS>/config.yaml`, of which each writes one.

        They include restarts without changed parameters, which the metadata does not show.
        """
        return self._starts.starts()

    def size(self) -> int | None:
        """Number of members in the newest of these configurations."""
        return self._starts.size()

    def restarts(self) -> list[tuple[int, float]]:
        return [(start.member, start.at) for start in self.starts()]


def _folders(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if is_folder(e)]
    except OSError:
        return []
