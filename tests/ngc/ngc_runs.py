"""Runs compiled for NGC, for the tests of this folder: modules, settings, the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).parent / "stand_in.py"
SETTINGS = """
image = "nvcr.io/nvidia/pytorch:23.10-py3"
train_dir = "/mount/train_dir"
ignore = ["PBT421"]
[ngc]
org = "acme"
ace = "acme-ace"
instance = "dgxa100.80g.1.norm"
workspace = "team:/mount:RW"
"""
POPULATION = """
from pbt_tui import Experiment, RunDescription, population

RUN_DESCRIPTION = RunDescription("{run}", experiments=[Experiment(
    "ant",
    "python train.py pbt.enabled=True pbt.num_policies={members} pbt.workspace=ws",
    [{{"pbt.policy_idx": k}} for k in range({members})],
)], experiment_arg_name="experiment", experiment_dir_arg_name="hydra.run.dir", param_prefix="",
    customize_experiment_name=False)
"""


def project(folder: Path, *, run: str = "ant", members: int = 3, settings: str = SETTINGS) -> Path:
    """A folder with a run module and a settings file."""
    (folder / "runs").mkdir(exist_ok=True)
    (folder / "runs/ant.py").write_text(POPULATION.format(run=run, members=members))
    (folder / "pbt.toml").write_text(settings)
    return folder


class Service:
    """What the stand-in client of `folder` submits to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "service"
        self.bin = folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        client = self.bin / "ngc"
        client.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
        client.chmod(0o755)

    def faults(self, *lines: str) -> None:
        (self.folder / "faults").write_text("".join(f"{line}\n" for line in lines))

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def jobs(self) -> dict[int, str]:
        """Id → name of all that were made."""
        found = {}
        for path in sorted((self.folder / "jobs").glob("*.json")):
            job = json.loads(path.read_text())
            found[job["id"]] = job["request"]["name"]
        return found

    @property
    def env(self) -> dict[str, str]:
        path = f"{self.bin}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "NGC_SERVICE": str(self.folder)}


def command(name: str, folder: Path, *argv: str, env: dict[str, str] | None = None) -> list[str]:
    return [sys.executable, "-m", f"pbt_tui.cli.{name}", *argv]


def call(
    name: str, folder: Path, *argv: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, folder, *argv), cwd=folder, capture_output=True, text=True, check=False,
        env={**(env or os.environ), "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip


def submitted(folder: Path, run: str = "ant") -> dict[str, int | None]:
    """Job → id, as the record has it."""
    path = folder / "specs" / run / "ngc/submitted.json"
    record = json.loads(path.read_text())
    return {entry["job"]: entry.get("id") for entry in record["submitted"].values()}
