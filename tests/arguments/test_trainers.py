"""Each trainer of `examples/trainers` reads what its module compiles to.

Where a trainer is not installed, a parser of its documented options stands for it: one that refuses
unknown options and the abbreviations of argparse.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonargparse
import pytest
import tyro
from hydra.core.override_parser.overrides_parser import OverridesParser

from pbt_tui.compiler import compile_module
from pbt_tui.spec import Job
from tests.arguments.parsers import boolean

FOLDER = Path(__file__).parents[2] / "examples/trainers"


def parser(*options: str, switches: str = "", **types: Any) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for option in options:
        found.add_argument(f"--{option}")
    for name, kind in types.items():
        found.add_argument(f"--{name}", f"--{name.replace('_', '-')}", type=kind)
    for name in switches.split():
        found.add_argument(f"--{name}", action="store_true")
    return found


def overrides(argv: list[str]) -> dict[str, Any]:
    read = OverridesParser.create().parse_overrides(argv)
    return {o.key_or_group: o.value() for o in read}


@dataclasses.dataclass
class Ppo:
    """The options of CleanRL's `ppo.py` that the example uses, and some that it does not."""

    exp_name: str = "ppo"
    seed: int = 1
    torch_deterministic: bool = True
    cuda: bool = True
    track: bool = False
    wandb_project_name: str = "cleanRL"
    wandb_entity: str | None = None
    capture_video: bool = False
    env_id: str = "CartPole-v1"
    total_timesteps: int = 500000
    learning_rate: float = 2.5e-4
    num_envs: int = 4


def cleanrl(argv: list[str]) -> dict[str, Any]:
    return dataclasses.asdict(tyro.cli(Ppo, args=argv[2:]))


def sb3_zoo(argv: list[str]) -> dict[str, Any]:
    options = ("algo", "env", "log-folder", "tensorboard-log", "trained-agent", "device")
    known = parser(*options, switches="progress track uuid", verbose=int, seed=int, n_timesteps=int)
    return vars(known.parse_args(argv[3:]))


def rsl_rl(argv: list[str]) -> dict[str, Any]:
    options = ("task", "experiment_name", "run_name", "load_run", "checkpoint", "logger", "device")
    numbers: dict[str, Any] = {
        "seed": int,
        "max_iterations": int,
        "num_envs": int,
        "video_length": int,
    }
    known = parser(*options, switches="headless video distributed resume", **numbers)
    return vars(known.parse_args(argv[2:]))


def skrl(argv: list[str]) -> dict[str, Any]:
    options = ("task", "algorithm", "ml_framework", "checkpoint", "device")
    known = parser(*options, switches="headless video distributed", seed=int, num_envs=int)
    read, rest = known.parse_known_args(argv[2:])
    return vars(read) | overrides(rest)


def rl_games(argv: list[str]) -> dict[str, Any]:
    options = ("file", "checkpoint", "wandb-project-name", "wandb-entity")
    known = parser(
        *options, switches="train play tf", track=boolean, seed=int, num_actors=int, sigma=float
    )
    return vars(known.parse_args(argv[2:]))


def sample_factory(argv: list[str]) -> dict[str, Any]:
    known = parser("env", "experiment", "train_dir", "algo", seed=int, serial_mode=boolean)
    known.add_argument("--encoder_mlp_layers", type=int, nargs="*")
    return vars(known.parse_args(argv[3:]))


def isaac_lab(argv: list[str]) -> dict[str, Any]:
    known = parser("rl_library", "task", "checkpoint", switches="headless video distributed")
    read, rest = known.parse_known_args(argv[2:])
    return vars(read) | overrides(rest)


def isaacgymenvs(argv: list[str]) -> dict[str, Any]:
    return overrides(argv[3:])


def pufferlib(argv: list[str]) -> dict[str, Any]:
    numbers: dict[str, Any] = {"train.seed": int, "train.learning-rate": float}
    known = parser("tag", "train.data-dir", "load-model-path", **numbers)
    return vars(known.parse_args(argv[3:]))


class Logger:
    """The base class of Lightning's loggers, of which `Trainer` takes one."""


class CSVLogger(Logger):
    def __init__(self, save_dir: str, name: str = "lightning_logs") -> None:
        self.save_dir, self.name = save_dir, name


class Trainer:
    def __init__(self, logger: Logger | None = None, max_epochs: int | None = None) -> None:
        self.logger, self.max_epochs = logger, max_epochs


class Model:
    def __init__(self, learning_rate: float = 0.1, layers: list[int] | None = None) -> None:
        self.learning_rate, self.layers = learning_rate, layers


def lightning_cli(argv: list[str]) -> dict[str, Any]:
    known = jsonargparse.ArgumentParser(exit_on_error=False)
    known.add_argument("--seed_everything", type=bool | int, default=True)
    known.add_class_arguments(Trainer, "trainer")
    known.add_class_arguments(Model, "model")
    read = known.parse_args(argv[3:])
    logger = known.instantiate(read).trainer.logger
    return dict(read.items()) | {"save_dir": logger.save_dir, "name": logger.name}


def hydra_multirun(argv: list[str]) -> dict[str, Any]:
    return overrides(argv[2:])


TRAINERS: dict[str, tuple[Callable[[list[str]], dict[str, Any]], str | None, str | None, str]] = {
    "cleanrl": (cleanrl, "exp_name", None, "tyro"),
    "sb3_zoo": (sb3_zoo, None, "log_folder", "stand-in"),
    "rsl_rl": (rsl_rl, "run_name", "experiment_name", "stand-in"),
    "skrl": (
        skrl,
        "agent.agent.experiment.experiment_name",
        "agent.agent.experiment.directory",
        "Hydra, stand-in",
    ),
    "rl_games": (rl_games, "wandb_project_name", None, "stand-in"),
    "sample_factory": (sample_factory, "experiment", "train_dir", "stand-in"),
    "isaac_lab": (
        isaac_lab,
        "agent.params.config.full_experiment_name",
        None,
        "Hydra, stand-in",
    ),
    "isaacgymenvs": (isaacgymenvs, "experiment", "hydra.run.dir", "Hydra"),
    "pufferlib": (pufferlib, "tag", "train.data_dir", "stand-in"),
    "lightning_cli": (lightning_cli, "name", "save_dir", "jsonargparse"),
    "hydra_multirun": (hydra_multirun, "hydra.job.name", "hydra.run.dir", "Hydra"),
}
"""Module → how its trainer reads a command, where name and folder arrive, and by what it is read.
"""


def jobs(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    monkeypatch.chdir(FOLDER.parents[1])
    made = compile_module(f"examples/trainers/{name}.py")
    assert [str(d) for d in made.diagnostics if d.level != "note"] == []
    return list(made.spec.jobs)


def agrees(value: Any, read: Any) -> bool:
    if value is False and read is None:
        return True
    return bool(read == value)


@pytest.mark.parametrize("name", TRAINERS)
def test_the_trainer_reads_what_its_module_compiles_to(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, takes_name, takes_dir, _ = TRAINERS[name]
    for job in jobs(name, monkeypatch):
        values = read(list(job.argv))
        if takes_name is not None:
            assert values[takes_name] == job.name
        if takes_dir is not None:
            assert f"train_dir/{job.dir}" in values[takes_dir]
        for param, value in job.params.items():
            key = param.lstrip("+")
            key = key if key in values else key.replace("-", "_")
            assert agrees(value, values[key]), (param, value, values[key])


def test_each_module_is_read_by_a_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert modules == set(TRAINERS)
    with capsys.disabled():
        print("\ntrainer          style        read by")
        for name, (*_, by) in TRAINERS.items():
            text = (FOLDER / f"{name}.py").read_text()
            style = text.partition('argument_style="')[2].partition('"')[0]
            print(f"{name:16} {style:12} {by}")


STAND_INS = [name for name, (*_, by) in TRAINERS.items() if by == "stand-in"]


@pytest.mark.parametrize("name", STAND_INS)
def test_the_stand_ins_refuse_what_they_do_not_know(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = TRAINERS[name][0]
    argv = list(jobs(name, monkeypatch)[0].argv)
    for wrong in (["--sed", "1"], ["--no-such-option", "1"]):
        with pytest.raises((SystemExit, argparse.ArgumentError)):
            read([*argv, *wrong])
