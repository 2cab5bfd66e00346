"""The exchange of weights among members: their files, who is replaced by whom, new parameters.

It follows what trainers with rl_games' PBT leave on disk and print, and has no code of theirs:
`<workspace>/<member>/<generation>.pth`, then `.yaml`; the newest 50 numbers are kept, and none that
is 20 behind the slowest member.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

KEPT = 50
BEHIND = 20
_KEYS = ("iteration", "frame", "true_objective", "checkpoint", "params")


class Replacement(NamedTuple):
    """What a member goes on with."""

    donor: int
    """The member whose weights it takes; it may be itself."""
    generation: int
    """The donor's generation."""
    checkpoint: Path
    """The donor's weights."""
    params: dict[str, Any]
    """Mutated parameters."""


@dataclass
class Exchange:
    """One member of a population."""

    workspace: Path
    member: int
    settings: Mapping[str, Any]
    """What the configuration has below `pbt`."""
    params: dict[str, Any]
    """The parameters that mutate, by the names that the command has."""
    name: str
    """Name of this start of the member."""

    def write(self, number: int, frame: int, objective: float, save: Callable[[str], None]) -> Path:
        """Writes a generation: weights, then metadata."""
        folder = self.workspace / f"{self.member:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / f"{number:06d}"
        save(str(stem))  # the trainer appends the suffix
        metadata = {
            "checkpoint": f"{stem}.pth",
            "experiment_name": self.name,
            "frame": frame,
            "iteration": number,
            "params": self.params,
            "pbt_checkpoint": f"{stem}.yaml",
            "true_objective": objective,
        }
        with stem.with_suffix(".yaml").open("w") as file:
            yaml.safe_dump(metadata, file)
        return stem.with_suffix(".yaml")

    def replacement(self, number: int) -> Replacement | None:
        """What this member goes on with after its generation `number`; None: with itself."""
        print(f"Policy {self.member}: compares generation {number}")
        found: dict[int, dict[str, Any]] = {}
        for member in range(self.settings["num_policies"]):
            metadata = self._newest(member, number)
            if metadata is not None:
                found[member] = metadata
        self._remove_old(number)
        for member, each in found.items():
            cells = (each["true_objective"], each["iteration"], each["frame"])
            name, weights = each["experiment_name"], each["checkpoint"]
            print("| {} | OK | {} | {} | {} | {} | {} |".format(member, *cells, name, weights))
        objectives = {member: each["true_objective"] for member, each in found.items()}
        if self.member not in objectives or len(objectives) < 2:
            return None
        mean, std = statistics.fmean(objectives.values()), statistics.pstdev(objectives.values())
        cut, least = self.settings["threshold_std"] * std, self.settings["threshold_abs"]
        upper, lower = max(mean + cut, mean + least), min(mean - cut, mean - least)
        print(f"mean={mean:.4f}, std={std:.4f}, upper={upper:.4f}, lower={lower:.4f}")
        leaders = [member for member, value in objectives.items() if value > upper]
        behind = [member for member, value in objectives.items() if value < lower]
        print(f"Leaders: {leaders} Underperformers: {behind}")
        if self.member not in behind:
            return None
        donor = random.choice(leaders) if leaders else self.member
        print(f"Replacing policy {self.member} with {donor}.")
        chosen = found[donor]
        path = self.workspace / f"{donor:03d}" / f"{chosen['iteration']:06d}.pth"
        return Replacement(donor, chosen["iteration"], path, self._mutated(chosen["params"]))

    def _newest(self, member: int, number: int) -> dict[str, Any] | None:
        """The newest metadata of a member that is not newer than `number`."""
        stems = [n for n in self._numbers(member) if n <= number]
        if not stems:
            return None
        path = self.workspace / f"{member:03d}" / f"{max(stems):06d}.yaml"
        for _ in range(2):
            try:
                text = path.read_text()
                metadata = yaml.safe_load(text)
                if isinstance(metadata, dict) and all(key in metadata for key in _KEYS):
                    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
                    now = time.strftime("%Y-%m-%d %H:%M:%S")
                    print(
                        f"Policy {self.member} [{now}]: Loading policy-{member} {path.name} "
                        f"(created at {at})"
                    )
                    return metadata
            except (OSError, yaml.YAMLError) as e:
                print(f"Exception during filesystem op: {e}")
            time.sleep(0.2)  # it is being written
        return None

    def _numbers(self, member: int) -> list[int]:
        return [int(p.stem) for p in (self.workspace / f"{member:03d}").glob("[0-9]*.yaml")]

    def _mutated(self, params: Mapping[str, Any]) -> dict[str, Any]:
        low, high = self.settings["change_range"]
        mutated: dict[str, Any] = {}
        for name, value in params.items():
            mutated[name] = value
            if random.random() < self.settings["mutation_rate"]:
                factor = random.uniform(low, high) ** random.choice((-1, 1))
                if self.settings["mutation"][name] == "mutate_discount":
                    mutated[name] = max(0.0, 1 - (1 - value) * factor)
                else:
                    mutated[name] = value * factor
        return mutated

    def _remove_old(self, number: int) -> None:
        numbers = sorted(self._numbers(self.member))
        newest = [
            max(known)
            for member in range(self.settings["num_policies"])
            if (known := self._numbers(member))
        ]
        slowest = min(newest, default=number)
        for n in numbers:
            if n in numbers[-KEPT:] and n >= slowest - BEHIND:
                continue
            stem = self.workspace / f"{self.member:03d}" / f"{n:06d}"
            stem.with_suffix(".pth").unlink(missing_ok=True)
            stem.with_suffix(".yaml").unlink(missing_ok=True)
