"""The format of Sample-Factory: one process with N policies, a log, and checkpoints.

The format has no generations: one is `pbt_period_env_steps` of a policy. Its JSON files are
rewritten in place and have current values only, so they belong to the newest checkpoint. Must not
read weights. An index of a policy has at most four digits, a step and a frame at most 18.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.workspaces.bounded_json import UnreadableJson, load
from pbt_tui.observe.workspaces.generation import BestFile, Generation, UnreadableGeneration
from pbt_tui.observe.workspaces.metadata import LARGEST, number, plain_params
from pbt_tui.observe.workspaces.settling import PATIENCE, is_settled

_PERIOD = 5_000_000
_AGAIN = 16
"""Most unreadable files that one poll reads again."""
_FOLDER = re.compile(r"checkpoint_p([0-9]{1,4})")
_CHECKPOINT = re.compile(
    rb"checkpoint_p([0-9]{1,4})[/\\]checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth"
)
_NAME = re.compile(r"checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth")
_REWARD = re.compile(rb"Avg (?:episode reward|true_objective): \[([^][]*)\]")
_PAIR = re.compile(rb"\(([0-9]{1,4}), '?(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?|-?inf|nan)'?\)")
_TIME = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")


class SampleFactory:
    """Reads saved checkpoints from `sf_log.txt`, and from the folders if the log lacks them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = Follower(path / "sf_log.txt", first=256 * 1024 * 1024)
        self._period: int | None = None
        self._reward: dict[int, float] = {}
        self._known: set[tuple[int, int]] = set()
        self._tries: dict[Path, tuple[int, UnreadableGeneration]] = {}
        """JSON files that cannot be read, with the number of polls that found them so."""

    def poll(self) -> list[Generation]:
        """Checkpoints saved since the last call, in order."""
        self._look_again()
        found: dict[tuple[int, int], Generation] = {}
        for line in self._log.lines(32 * 1024 * 1024):
            self._line(line.raw, found)
        for policy, step, frame, at in self._folders():
            if (policy, step) not in self._known and (policy, step) not in found:
                found[policy, step] = self._generation(policy, step, frame, at)
        self._known |= found.keys()
        newest = {g.member: key for key, g in found.items()}
        for policy, key in newest.items():
            found[key] = msgspec.structs.replace(found[key], params=self._params(policy))
        return sorted(found.values(), key=lambda g: (g.at, g.member))

    def _line(self, raw: bytes, found: dict[tuple[int, int], Generation]) -> None:
        if b"Avg " in raw:
            rewards = _REWARD.search(raw)
            if rewards:
                for policy, value in _PAIR.findall(rewards[1]):
                    reward = number(value.decode())
                    if reward is not None:
                        self._reward[int(policy)] = reward
        elif b"Saving " in raw:
            saved = _CHECKPOINT.search(raw)
            if saved:
                policy, step, frame = int(saved[1]), int(saved[2]), int(saved[3])
                if (policy, step) not in self._known:
                    found[policy, step] = self._generation(policy, step, frame, _when(raw))

    def _folders(self) -> list[tuple[int, int, int, float]]:
        found = []
        for policy in self._policies():
            try:
                with os.scandir(self.path / f"checkpoint_p{policy}") as entries:
                    for entry in entries:
                        name = _NAME.fullmatch(entry.name)
                        if name:
                            at = entry.stat().st_mtime
                            found.append((policy, int(name[1]), int(name[2]), at))
            except OSError:
                continue
        return sorted(found, key=lambda f: f[3])

    def _policies(self) -> list[int]:
        """Indices of the policies with a checkpoint folder."""
        try:
            with os.scandir(self.path) as entries:
                names = [_FOLDER.fullmatch(e.name) for e in entries]
        except OSError:
            return []
        return sorted({int(name[1]) for name in names if name})

    def _generation(self, policy: int, step: int, frame: int, at: float | None) -> Generation:
        checkpoint = self.path / f"checkpoint_p{policy}" / f"checkpoint_{step:09d}_{frame}.pth"
        return Generation(
            member=policy,
            generation=frame // self.period(),
            experiment_name=self.path.name,
            frame=frame,
            objective=self._reward.get(policy),
            params={},
            at=time.time() if at is None else at,
            checkpoint=os.path.abspath(checkpoint),  # noqa: PTH100  # no symlink walk
            step=step,
        )

    def period(self) -> int:
        """Environment steps of one generation, from `config.json`."""
        return _PERIOD if self._period is None else self._period

    def _look_again(self) -> None:
        """Reads the configuration until it is known, and some files that were unreadable."""
        for path, (_, file) in list(itertools.islice(self._tries.items(), _AGAIN)):
            if file.member is not None:
                self._json(path.name, file.member)
        if self._period is None and (config := self._json("config.json", None)):
            period = number(config.get("pbt_period_env_steps"))
            self._period = int(period) if period and period >= 1 else _PERIOD

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
        if self._log.problem is not None:
            found.append(UnreadableGeneration(None, self._log.path, self._log.problem))
        return found

    def restarts(self) -> list[tuple[int, float]]:
        return []


def _when(raw: bytes) -> float | None:
    """The time of a log line in Unix seconds; the trainer writes local time."""
    stamp = _TIME.match(raw)
    if not stamp:
        return None
    try:
        local = datetime.strptime(stamp[1].decode(), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        return local.timestamp() + int(stamp[2]) / 1000
    except (ValueError, OverflowError):  # also a year that this machine cannot represent
        return None
