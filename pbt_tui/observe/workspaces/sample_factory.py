"""The format of Sample-Factory: one process with N policies, a log, and checkpoints.

The format has no generations: one is `pbt_period_env_steps` of a policy. Its JSON files are
rewritten in place and have current values only; the log has earlier ones. Must not read weights. An
index of a policy has at most four digits, a step and a frame at most 18.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

import msgspec

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.workspaces.bounded_json import UnreadableJson, load
from pbt_tui.observe.workspaces.generation import (
    BestFile,
    Change,
    Generation,
    Latest,
    UnreadableGeneration,
)
from pbt_tui.observe.workspaces.metadata import LARGEST, number, plain_params
from pbt_tui.observe.workspaces.sample_factory_log import SavedCheckpoint, TrainerLog, refined
from pbt_tui.observe.workspaces.settling import PATIENCE, TICK, is_settled
from pbt_tui.observe.workspaces.weights_file import is_whole

_PERIOD = 5_000_000
_MOST_POLICIES = 10_000
_AGAIN = 16
"""Most unreadable files that one poll reads again."""
_FOLDER = re.compile(r"checkpoint_p([0-9]{1,4})")
_NAME = re.compile(r"checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth")
_BEST = re.compile(r"best_([0-9]{9,18})_([0-9]{1,18})_[\w.]{1,100}_(-?[0-9.]{1,40})\.pth")
_MILESTONES = "milestones"
"""Name of the folder with checkpoints that the trainer never deletes."""


class _File(NamedTuple):
    """A file of weights in the folder of a policy."""

    policy: int
    step: int
    frame: int
    at: float
    path: str
    objective: float | None = None
    """The objective in its name, which a best one has."""


class SampleFactory:
    """Reads saved checkpoints from `sf_log.txt`, and from the folders if the log lacks them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._follower = Follower(path / "sf_log.txt", first=256 * 1024 * 1024)
        self._log = TrainerLog({})
        self._period: int | None = None
        self._size: int | None = None
        self._known: set[tuple[int, int]] = set()
        self._files: dict[tuple[int, int, int], _File] = {}
        """The files that are there: policy, step and frame to the file."""
        self._frames: dict[int, int] = {}
        """Policy to the frames of its newest checkpoint."""
        self._exact: dict[int, dict[str, Any]] = {}
        """Policy to the parameters in its files when its newest checkpoint was found."""
        self._tries: dict[Path, tuple[int, UnreadableGeneration]] = {}
        """JSON files that cannot be read, with the number of polls that found them so."""

    def poll(self) -> list[Generation]:
        """Checkpoints saved since the last call, in order."""
        self._look_again()
        if self._period is None and self._is_rewritten():
            return []  # numbers and parameters of all generations follow from the configuration
        found: dict[tuple[int, int], Generation] = {}
        for line in self._follower.lines(32 * 1024 * 1024):
            saved = self._log.line(line.raw)
            if saved is None or (key := (saved.policy, saved.step)) in self._known:
                continue
            if key not in found:  # a start saves again what it has loaded
                found[key] = self._generation(saved)
        for file in self._list():
            key = (file.policy, file.step)
            if key not in self._known and key not in found:
                objective, _ = self._log.objectives.get(file.policy, (None, None))
                saved = SavedCheckpoint(file.policy, file.step, file.frame, file.at, objective, {})
                found[key] = self._generation(saved)
        self._known |= found.keys()
        newest = {g.member: key for key, g in found.items()}
        for policy, key in newest.items():
            exact = self._exact[policy] = self._params(policy)
            params = refined(found[key].params, exact)
            found[key] = msgspec.structs.replace(found[key], params=params)
            self._frames[policy] = found[key].frame or 0
        return sorted(found.values(), key=lambda g: (g.at, g.member))

    def _list(self) -> list[_File]:
        """The checkpoints that are there now, in the order in which they were written."""
        found: list[_File] = []
        self._files = {}
        for policy in self._policies():
            folder = os.path.join(self.path, f"checkpoint_p{policy}")  # noqa: PTH118
            kept = self._in(policy, os.path.join(folder, _MILESTONES))  # noqa: PTH118
            for file in kept + self._in(policy, folder):
                if file.objective is None:
                    found.append(file)
                self._files[policy, file.step, file.frame] = file
        return sorted(found, key=lambda file: file.at)

    def _in(self, policy: int, folder: str) -> list[_File]:
        """The files of weights in one folder, best ones first."""
        found: list[_File] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if name := _NAME.fullmatch(entry.name) or _BEST.fullmatch(entry.name):
                        objective = number(name[3]) if name.re is _BEST else None
                        step, frame, at = int(name[1]), int(name[2]), entry.stat().st_mtime
                        found.append(_File(policy, step, frame, at, entry.path, objective))
        except OSError:
            pass
        return sorted(found, key=lambda file: file.objective is None)

    def _policies(self) -> list[int]:
        """Indices of the policies with a checkpoint folder."""
        try:
            with os.scandir(self.path) as entries:
                names = [_FOLDER.fullmatch(e.name) for e in entries]
        except OSError:
            return []
        return sorted({int(name[1]) for name in names if name})

    def _generation(self, saved: SavedCheckpoint) -> Generation:
        name = f"checkpoint_{saved.step:09d}_{saved.frame}.pth"
        checkpoint = self.path / f"checkpoint_p{saved.policy}" / name
        return Generation(
            member=saved.policy,
            generation=saved.frame // self.period(),
            experiment_name=self.path.name,
            frame=saved.frame,
            objective=saved.objective,
            params={} if self._follower.cut else plain_params(dict(saved.params)),
            at=time.time() if saved.at is None else saved.at,
            checkpoint=os.path.abspath(checkpoint),  # noqa: PTH100  # no symlink walk
            step=saved.step,
        )

    def weights(self, generation: Generation) -> str | None:
        """Path of a checkpoint of this policy, step and frame, which the file's name has."""
        frame = -1 if generation.frame is None else generation.frame
        file = self._files.get((generation.member, generation.step or 0, frame))
        if file is None or not is_whole(file.path):
            return None
        return os.path.abspath(file.path)  # noqa: PTH100  # no symlink walk

    def kept(self) -> list[Generation]:
        """The checkpoints that the trainer keeps as its best, with the objective in their names."""
        best = [file for file in self._files.values() if file.objective is not None]
        return [
            self._generation(SavedCheckpoint(f.policy, f.step, f.frame, f.at, f.objective, {}))
            for f in best
        ]

    def latest(self) -> dict[int, Latest]:
        """What the log said last of each policy."""
        found: dict[int, Latest] = {}
        for policy, (objective, at) in self._log.objectives.items():
            told = {} if self._follower.cut else self._log.params(policy)
            params = refined(told, self._exact.get(policy, {}))
            found[policy] = Latest(policy, at, self._frames.get(policy), objective, params)
        return found

    def changes(self) -> list[Change]:
        """Changed parameters, in the order in which the trainer decided."""
        return self._log.changes

    def size(self) -> int | None:
        """Number of policies in the configuration; None until it can be read."""
        return self._size

    def period(self) -> int:
        """Environment steps of one generation, from `config.json`."""
        return _PERIOD if self._period is None else self._period

    def _is_rewritten(self) -> bool:
        """Whether the trainer is writing its configuration, as it does at each start."""
        try:
            there = (self.path / "config.json").stat()
        except OSError:
            return False
        is_empty = S_ISREG(there.st_mode) and not there.st_size
        return is_empty and not is_settled(there.st_mtime, TICK)

    def _look_again(self) -> None:
        """Reads the configuration until it is known, and some files that were unreadable."""
        for path, (_, file) in list(itertools.islice(self._tries.items(), _AGAIN)):
            if file.member is not None:
                self._json(path.name, file.member)
        if self._period is None and (config := self._json("config.json", None)):
            period = number(config.get("pbt_period_env_steps"))
            self._period = int(period) if period and period >= 1 else _PERIOD
            size = number(config.get("num_policies"))
            self._size = int(size) if size and 1 <= size <= _MOST_POLICIES else None
            changed = self._json("policy_00_cfg.json", 0)
            self._log.base = plain_params({k: config[k] for k in changed if k in config})

    def _params(self, policy: int) -> dict[str, Any]:
        params = self._json(f"policy_{policy:02d}_cfg.json", policy)
        shaping = self._json(f"policy_{policy:02d}_reward_shaping.json", policy)
        return plain_params(params | {f"rew_{key}": value for key, value in shaping.items()})

    def _json(self, name: str, policy: int | None) -> dict[str, Any]:
        """The JSON object in a file; empty if it is `null`, unreadable or not written yet."""
        path = self.path / name
        try:
            data = read_regular(path, LARGEST)
            found = load(data) if data.strip() else None
        except FileNotFoundError:
            found = None
        except OSError as e:
            return self._failed(path, policy, e.strerror or type(e).__name__)
        except UnreadableJson as e:
            return self._failed(path, policy, f"not JSON: {e}")
        self._tries.pop(path, None)
        return found if isinstance(found, dict) else {}

    def _failed(self, path: Path, policy: int | None, why: str) -> dict[str, Any]:
        tries, _ = self._tries.get(path, (0, None))
        with suppress(OSError):
            tries = PATIENCE if is_settled(path.lstat().st_mtime) else tries
        self._tries[path] = (tries + 1, UnreadableGeneration(policy, path, why))
        return {}

    def best(self) -> list[BestFile]:
        return []

    def unreadable(self) -> list[UnreadableGeneration]:
        """JSON files that were unreadable for several polls, and a log that is no regular file."""
        found = [file for tries, file in self._tries.values() if tries >= PATIENCE]
        log = self._follower
        if log.problem is not None:
            found.append(UnreadableGeneration(None, log.path, log.problem))
        return found

    def restarts(self) -> list[tuple[int, float]]:
        return []
