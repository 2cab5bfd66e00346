"""Stands in for `sf_examples.train_gym_env` of Sample-Factory: one process trains all policies.

It writes checkpoints under a temporary name and renames them, keeps two of each policy, logs as
Sample-Factory does, and resumes what its folder holds. A policy has a talent; the worst policy
copies the best one, which shows as a jump in the numbers of its checkpoints.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

JUMP = 1001


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("env", "experiment", "train_dir", "with_pbt", "pbt_target_objective", "device"):
        parser.add_argument(f"--{name}")
    for name in ("num_policies", "seed", "pbt_period_env_steps", "pbt_start_mutation"):
        parser.add_argument(f"--{name}", type=int, default=1000)
    parser.add_argument("--train_for_env_steps", type=int, default=1_000_000)
    choices = ("resume", "restart", "overwrite")
    parser.add_argument("--restart_behavior", choices=choices, default="resume")
    return parser.parse_args()


class Policies:
    """All policies of one process."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder = Path(args.train_dir, args.experiment)
        if args.restart_behavior == "restart" and self.folder.exists():
            self.folder.rename(f"{self.folder}_{time.time_ns()}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / "sf_log.txt").open("a")
        self.say(f"Saving configuration to {self.folder}/config.json...")
        (self.folder / "config.json").write_text(json.dumps({**vars(args), "with_pbt": True}))
        self.versions: dict[int, tuple[int, int]] = {}
        self.talents = {p: 1.0 + p for p in range(args.num_policies)}
        for policy in self.talents:
            self.resume(policy)

    def say(self, text: str) -> None:
        line = f"[{datetime.now():%Y-%m-%d %H:%M:%S},000][{os.getpid()}] {text}"  # noqa: DTZ005
        print(line, file=sys.stderr, flush=True)
        print(line, file=self.log, flush=True)

    def of(self, policy: int) -> Path:
        return self.folder / f"checkpoint_p{policy}"

    def checkpoints(self, policy: int) -> list[Path]:
        return sorted(self.of(policy).glob("checkpoint_*_*.pth"))

    def resume(self, policy: int) -> None:
        self.of(policy).mkdir(exist_ok=True)
        self.versions[policy] = (0, 0)
        if found := self.checkpoints(policy):
            self.say(f"Loading state from checkpoint {found[-1]}...")
            with zipfile.ZipFile(found[-1]) as file:
                version, frame, talent = json.loads(file.read("archive/state"))
            self.versions[policy], self.talents[policy] = (version, frame), talent

    def save(self, policy: int) -> None:
        version, frame = self.versions[policy]
        path = self.of(policy) / f"checkpoint_{version:09d}_{frame}.pth"
        self.say(f"Saving {path}...")
        temporary = self.of(policy) / "checkpoint_temp"
        with zipfile.ZipFile(temporary, "w") as file:
            file.writestr("archive/state", json.dumps([version, frame, self.talents[policy]]))
        temporary.rename(path)
        for old in self.checkpoints(policy)[:-2]:
            old.unlink()

    def train(self) -> None:
        step, policies = 128, sorted(self.talents)
        while self.versions[0][1] < self.args.train_for_env_steps:
            time.sleep(0.2)
            for policy in policies:
                version, frame = self.versions[policy]
                self.versions[policy] = (version + 2, frame + 2 * step)
            rewards = [
                f"({p}, '{self.talents[p] * self.versions[p][1] / 1000:.3f}')" for p in policies
            ]
            self.say(f"Avg episode reward: [{', '.join(rewards)}]")
            for policy in policies:
                self.save(policy)
            if self.versions[0][1] // (2 * step) % 20 == 0:
                self.exchange()

    def exchange(self) -> None:
        worst, best = (f(self.talents, key=lambda p: self.talents[p]) for f in (min, max))
        if self.talents[worst] == self.talents[best]:
            return
        self.say(f"Asking learner {worst} to load model from {best}")
        found = self.checkpoints(best)[-1]
        self.say(f"Loading state from checkpoint {found}...")
        version, frame = self.versions[worst]
        self.versions[worst] = (version + JUMP, frame)
        self.talents[worst] = self.talents[best]


if __name__ == "__main__":
    Policies(parsed()).train()
