"""The format of IsaacGymEnvs: member folders, `best<N>` folders, and a folder for every start.

Reports the best folders as they are, although they may be wrong (P6): `health` judges them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pbt_tui.observe.workspaces.generation import BestFile, Generation, Start
from pbt_tui.observe.workspaces.member_folders import MemberFolders, as_generation, read_metadata
from pbt_tui.observe.workspaces.metadata import Metadata, another
from pbt_tui.observe.workspaces.metadata import number as measured
from pbt_tui.observe.workspaces.settling import TICK, is_folder, is_settled
from pbt_tui.observe.workspaces.start_folders import Layout, StartFolders
from pbt_tui.observe.workspaces.weights_file import is_whole

_BEST = re.compile(r"best([0-9]{1,4})")
_FILE = re.compile(
    r".*_best_obj_(-?[0-9.]+(?:e[-+]?[0-9]+)?)_iter_([0-9]{1,18})_policy([0-9]{1,3})"
    r"_frame([0-9]{1,18})\.yaml",
    re.I,
)
_LAYOUT = Layout("config.yaml", loaded="checkpoint", name="full_experiment_name", inner=False)


class IsaacGymEnvs(MemberFolders):
    """Member folders, with best folders and starts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._starts = StartFolders(path, _LAYOUT)
        self._best: dict[str, tuple[int, list[BestFile]]] = {}
        """Best folder to the time of its last change, in nanoseconds, and its files."""
        self._copies: dict[int, list[BestFile]] = {}
        """Member to the copies of its generations in best folders."""
        self._copied: dict[BestFile, Generation | None] = {}
        """Files of best folders to the generations whose copies they are, as far as asked for."""

    def poll(self) -> list[Generation]:
        """New and rewritten generations in write order."""
        self.best()
        return super().poll()

    def best(self) -> list[BestFile]:
        """The files of all `best<N>` folders; skips files that the trainer removes meanwhile."""
        found: list[BestFile] = []
        listed: dict[str, tuple[int, list[BestFile]]] = {}
        for folder in _folders(self.path):
            number = _BEST.fullmatch(folder.name)
            if not number:
                continue
            try:
                changed = os.stat(folder.path).st_mtime_ns  # noqa: PTH116
                old = self._best.get(folder.path)
                files = old[1] if old and old[0] == changed else _files(folder.path, int(number[1]))
            except OSError:
                continue
            found += files
            if is_settled(changed / 1e9, TICK):
                listed[folder.path] = (changed, files)
        self._best = listed
        self._copies = {}
        for file in found:
            self._copies.setdefault(file.member, []).append(file)
        if self._copied:
            self._copied = {f: self._copied[f] for f in found if f in self._copied}
        return found

    def kept(self) -> list[Generation]:
        """The best of these files, as the generation whose copy it is."""
        files = [b for b in self.best() if b.checkpoint is not None]
        top = max(files, key=lambda b: (b.objective, b.at), default=None)
        copied = None if top is None else self._copy(top)
        return [] if copied is None else [copied]

    def weights(self, generation: Generation) -> str | None:
        """Path of the weights beside the metadata, else of their copy in a best folder."""
        if (path := super().weights(generation)) is not None:
            return path
        for file in self._copies.get(generation.member, ()):
            if file.checkpoint is None or not _rounded(file.objective, generation.objective):
                continue
            copied = self._copy(file)
            if copied is not None and copied.key == generation.key and is_whole(file.checkpoint):
                return os.path.abspath(file.checkpoint)  # noqa: PTH100  # no symlink walk
        return None

    def _copy(self, file: BestFile) -> Generation | None:
        """The generation whose copy a file is; its metadata says so, and its name does not."""
        if file not in self._copied:
            self._copied[file] = None
            path = str(file.checkpoint).removesuffix(".pth") + ".yaml"
            data = read_metadata(path)
            if (
                isinstance(data, Metadata)
                and data.generation is not None
                and another(data, file.member, data.generation) is None
                and _rounded(file.objective, data.objective)
            ):
                one = as_generation(file.member, data.generation, path, file.at, data)
                self._copied[file] = one
        return self._copied[file]

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


_ROUNDED = 1e-5
"""The name of a best file has five decimals."""


def _rounded(shown: float, objective: float | None) -> bool:
    """Whether the objective in the name of a file is this one."""
    return objective is not None and abs(shown - objective) < _ROUNDED * max(1.0, abs(shown))


def _files(folder: str, number: int) -> list[BestFile]:
    """The files of one best folder.

    Raises:
        OSError: if the folder cannot be read.
    """
    found: list[BestFile] = []
    with os.scandir(folder) as entries:
        here = {entry.name: entry for entry in entries}
    for name, entry in here.items():
        parts = _FILE.fullmatch(name)
        objective = measured(parts[1]) if parts else None
        if not parts or objective is None:
            continue
        weights = name.removesuffix(".yaml") + ".pth"
        with suppress(OSError):
            found.append(
                BestFile(
                    folder=number,
                    objective=objective,
                    generation=int(parts[2]),
                    member=int(parts[3]),
                    at=entry.stat().st_mtime,
                    frame=int(parts[4]),
                    checkpoint=here[weights].path if weights in here else None,
                )
            )
    return found


def _folders(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if is_folder(e)]
    except OSError:
        return []
