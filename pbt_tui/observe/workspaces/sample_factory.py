"""The format of Sample-Factory: one process with N policies, a log, and checkpoints.

The format has no generations: one is `pbt_period_env_steps` of a policy. Its JSON files are
rewritten in place and have current values only, so they belong to the newest checkpoint. Must not
read weights.
"""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.workspaces.generation import BestFile, Generation, UnreadableGeneration
from pbt_tui.observe.workspaces.metadata import number

_PERIOD = 5_000_000
_CHECKPOINT = re.compile(rb"checkpoint_p(\d+)[/\\]checkpoint_(\d{9,})_(\d+)\.pth")
_NAME = re.compile(r"checkpoint_([0-9]{9,})_([0-9]+)\.pth")
_REWARD = re.compile(rb"Avg (?:episode reward|true_objective): \[(.*)\]")
_PAIR = re.compile(rb"\((\d+), '?(-?[\d.]+(?:e[-+]?\d+)?|-?inf|nan)'?\)")
_TIME = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")


class SampleFactory:
    """Reads saved checkpoints from `sf_log.txt`, and from the folders if the log lacks them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = Follower(path / "sf_log.txt", first=256 * 1024 * 1024)
        self._period: int | None = None
        self._reward: dict[int, float] = {}
        self._known: set[tuple[int, int]] = set()

    def poll(self) -> list[Generation]:
        """Checkpoints saved since the last call, in order."""
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
        for policy in range(self.policies()):
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

    def policies(self) -> int:
        """Number of policies with a checkpoint folder."""
        try:
            with os.scandir(self.path) as entries:
                names = [e.name[12:] for e in entries if e.name.startswith("checkpoint_p")]
        except OSError:
            return 0
        return max((int(n) + 1 for n in names if n.isdecimal()), default=0)

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
        if self._period is None:
            config = _json(self.path / "config.json")
            period = number(config.get("pbt_period_env_steps")) if config else None
            if not config:
                return _PERIOD
            self._period = int(period) if period and period >= 1 else _PERIOD
        return self._period

    def _params(self, policy: int) -> dict[str, Any]:
        params = dict(_json(self.path / f"policy_{policy:02d}_cfg.json"))
        shaping = _json(self.path / f"policy_{policy:02d}_reward_shaping.json")
        params.update({f"rew_{key}": value for key, value in shaping.items()})
        return params

    def best(self) -> list[BestFile]:
        return []

    def unreadable(self) -> list[UnreadableGeneration]:
        return []

    def restarts(self) -> list[tuple[int, float]]:
        return []


def _json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if it is being written or is `null`."""
    try:
        with path.open("rb") as f:
            found = msgspec.json.decode(f.read(1 << 20))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _when(raw: bytes) -> float | None:
    """The time of a log line in Unix seconds; the trainer writes local time."""
    stamp = _TIME.match(raw)
    if not stamp:
        return None
    try:
        local = datetime.strptime(stamp[1].decode(), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    return local.timestamp() + int(stamp[2]) / 1000
