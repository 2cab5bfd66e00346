"""Real trainers train with the commands of `examples/trainers`.

`pbt-compile` compiles each module of `runs`, which is an example with a small budget, and `pbt-run`
runs its jobs. The trainer's own records have to show each parameter of the job, in the directory
that the description named.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.codebase import ROOT
from tests.trainers.conftest import COLUMNS

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.skipif("PBT_TRAINERS" not in os.environ, reason="`make test-trainers` runs these"),
    pytest.mark.timeout(900),
]


def sample_factory(folder: Path, _: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return read


def sb3_zoo(folder: Path, _: str) -> dict[str, Any]:
    (path,) = folder.glob("ppo/*/*/args.yml")
    return dict(yaml.unsafe_load(path.read_text()))  # an OrderedDict


def lightning_cli(folder: Path, _: str) -> dict[str, Any]:
    read = yaml.safe_load((folder / "version_0/config.yaml").read_text())
    model = {f"model.{name}": value for name, value in read["model"].items()}
    return {"seed_everything": read["seed_everything"], **model}


def rl_games(folder: Path, log: str) -> dict[str, Any]:
    """The file `cartpole.yaml` asks for 3 epochs of 32 steps of each actor."""
    seed = re.search(r"^self\.seed = (\d+)$", log, re.MULTILINE)
    frames = re.findall(r"frames: (\d+)$", log, re.MULTILINE)
    assert seed, log
    return {"seed": int(seed[1]), "num_actors": int(frames[-1]) / (3 * 32)}


@dataclass
class Trainer:
    package: str
    record: Callable[[Path, str], dict[str, Any]]
    """Reads from a job's directory and its log which parameters the trainer used."""
    checkpoints: str


TRAINERS = {
    "sample_factory": Trainer("sample-factory", sample_factory, "checkpoint_p0/*.pth"),
    "sb3_zoo": Trainer("rl-zoo3", sb3_zoo, "ppo/*/CartPole-v1.zip"),
    "lightning_cli": Trainer("pytorch-lightning", lightning_cli, "version_0/checkpoints/*.ckpt"),
    "rl_games": Trainer("rl-games", rl_games, "nn/last_*.pth"),
}


def place(tmp_path: Path) -> Path:
    for folder in ("runs", "programs"):
        shutil.copytree(HERE / folder, tmp_path / folder)
    shutil.copytree(HERE / "programs", tmp_path, dirs_exist_ok=True)
    return tmp_path


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the environment that has the trainers, without GPUs."""
    more = {
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "VIRTUAL_ENV": sys.prefix,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **more}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def compiled(folder: Path, name: str) -> tuple[Path, list[dict[str, Any]]]:
    done = command(folder, "pbt-compile", f"runs/{name}.py", "--backend", "processes")
    assert (done.returncode, done.stderr) == (0, "")
    (spec,) = folder.glob("specs/*/processes.json")
    jobs: list[dict[str, Any]] = json.loads(spec.read_text())["jobs"]
    return spec, jobs


def row(record: Callable[[str, object], None], name: str, release: str, did: str) -> None:
    style = import_module(f"examples.trainers.{name}").RUN_DESCRIPTION.argument_style
    for column, text in zip(COLUMNS, (name, release, style, did), strict=True):
        record(column, text)


@pytest.mark.parametrize("name", TRAINERS)
def test_the_trainer_trains(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    trainer = TRAINERS[name]
    folder = place(tmp_path)
    spec, jobs = compiled(folder, name)
    row(record_property, name, version(trainer.package), f"trained {len(jobs)} jobs")
    done = command(folder, "pbt-run", str(spec))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(jobs) == 2
    for job in jobs:
        where = folder / "train_dir" / job["dir"] / job["name"]
        assert list(where.glob(trainer.checkpoints)), done.stdout
        (log,) = folder.glob(f"train_dir/*/_pbt/logs/{job['id']}.1.log")
        read = trainer.record(where, log.read_text())
        for param, value in job["params"].items():
            assert read[param.replace("-", "_")] == value, param
