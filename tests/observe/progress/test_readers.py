"""What each progress reader finds in lines that its trainer prints.

The files in `recorded/` hold such lines: those of IsaacGymEnvs, rl_games, Sample-Factory and tqdm
from runs of these programs, the others as their users publish them, and the dashboard of PufferLib
drawn with the same tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.readers import READERS

RECORDED = Path(__file__).with_name("recorded")
KNOWN = [READERS.get(name) for name in READERS.built_in]


def found(log: Path, *argv: str) -> dict[str, Any]:
    """All values that are known."""
    progress = LogWatcher(KNOWN).of(log, ("python", "train.py", *argv))
    names = (
        "step", "total", "unit", "share", "fps", "objective", "objective_name", "generation",
        "readers",
    )  # fmt: skip
    values = {name: getattr(progress, name) for name in names}
    values["eta"] = progress.eta.seconds if progress.eta else None
    if progress.share is not None:
        values["share"] = round(progress.share, 4)
    return {name: value for name, value in values.items() if value not in (None, ())}


@pytest.mark.parametrize(
    ("name", "argv", "expected"),
    [
        (
            "isaacgymenvs",
            (),
            {
                "step": 62976, "unit": "frames", "fps": 314.0,
                "objective": 173.90625, "objective_name": "best objective", "generation": 10,
                "readers": ("isaacgymenvs",),
            },
        ),
        (
            "rl_games",
            (),
            {
                "step": 70656, "total": 100000, "unit": "frames", "share": 0.7066, "fps": 990.0,
                "readers": ("rl_games",),
            },
        ),
        (
            "sample_factory",
            ("--train_for_env_steps=80000", "--num_policies=4"),
            {
                "step": 242688, "total": 320000, "unit": "frames", "share": 0.7584, "fps": 204.9,
                "objective": 168.375, "objective_name": "reward", "readers": ("sample_factory",),
            },
        ),
        (
            "rsl_rl",
            (),
            {
                "step": 11796480, "unit": "frames", "share": 0.01, "fps": 34814.0,
                "objective": -547.75, "objective_name": "mean reward", "eta": 144002.0,
                "readers": ("rsl_rl",),
            },
        ),
        (
            "rsl_rl_5",
            (),
            {
                "step": 4128768, "unit": "frames", "share": 0.028, "fps": 87012.0,
                "objective": 14.07, "objective_name": "mean reward", "eta": 1648.0,
                "readers": ("rsl_rl",),
            },
        ),
        (
            "stable_baselines3",
            ("--total-timesteps", "200000"),
            {
                "step": 98304, "total": 200000, "unit": "frames", "share": 0.4915, "fps": 2736.0,
                "objective": -62.9, "objective_name": "ep_rew_mean",
                "readers": ("stable_baselines3",),
            },
        ),
        (
            "pufferlib",
            ("train", "breakout", "--train.total-timesteps", "33554432"),
            {
                "step": 12600000, "total": 33554432, "unit": "frames", "share": 0.3755,
                "fps": 845200.0, "objective": 123.45, "objective_name": "episode_return",
                "eta": 128.0, "readers": ("pufferlib",),
            },
        ),
        (
            "cleanrl",
            ("--total-timesteps=500000",),
            {
                "step": 49290, "total": 500000, "unit": "frames", "share": 0.0986, "fps": 1506.0,
                "objective": 187.0, "objective_name": "episodic_return", "readers": ("cleanrl",),
            },
        ),
        (
            "cleanrl_scalar",
            (),
            {
                "step": 4096, "unit": "frames", "objective": 21.5,
                "objective_name": "episodic_return", "readers": ("cleanrl",),
            },
        ),
        (
            "keras_3",
            (),
            {
                "step": 3, "total": 10, "unit": "epochs", "share": 0.25,
                "objective": 0.6477, "objective_name": "accuracy", "readers": ("keras",),
            },
        ),
        (
            "keras_2",
            (),
            {
                "step": 15, "total": 50, "unit": "epochs", "share": 0.3,
                "objective": 0.891, "objective_name": "val_accuracy", "readers": ("keras",),
            },
        ),
        (
            "keras_verbose_2",
            (),
            {
                "step": 7, "total": 50, "unit": "epochs", "share": 0.14,
                "objective": 0.5756, "objective_name": "val_accuracy", "readers": ("keras",),
            },
        ),
        (
            "lightning",
            ("fit", "--trainer.max_epochs=79"),
            {
                "step": 39, "total": 79, "unit": "epochs", "share": 0.4968,
                "objective": 1.23, "objective_name": "train_loss_step", "readers": ("lightning",),
            },
        ),
        (
            "lightning",
            (),
            {
                "step": 39, "unit": "epochs", "objective": 1.23,
                "objective_name": "train_loss_step", "readers": ("lightning",),
            },
        ),
        (
            "lightning_end",
            (),
            {
                "step": 10, "total": 10, "unit": "epochs", "share": 1.0,
                "objective": 0.946, "objective_name": "valid_acc", "readers": ("lightning",),
            },
        ),
        (
            "hf_trainer",
            (),
            {
                "step": 332, "total": 333, "unit": "iterations", "share": 0.997, "eta": 6.0,
                "fps": 1 / 6.55, "objective": 0.6276,
                "objective_name": "loss", "readers": ("tqdm", "hf_trainer"),
            },
        ),
        (
            "hf_trainer_5",
            ("--num_train_epochs", "3"),
            {
                "share": 0.1, "objective": 2.031, "objective_name": "loss",
                "readers": ("hf_trainer",),
            },
        ),
        (
            "skrl",
            (),
            {
                "step": 1968, "total": 24000, "unit": "iterations", "share": 0.082, "eta": 584.0,
                "fps": 37.71, "readers": ("tqdm",),
            },
        ),
        (
            "tqdm_one",
            (),
            {
                "step": 450, "total": 1000, "unit": "iterations", "share": 0.45, "eta": 0.0,
                "fps": 1724.25, "objective": 10.0, "objective_name": "reward",
                "readers": ("tqdm",),
            },
        ),
        (
            "tqdm_nested",
            (),
            {
                "step": 1, "total": 3, "unit": "iterations", "share": 0.3333, "eta": 0.0,
                "fps": 3.23, "readers": ("tqdm",),
            },
        ),
    ],
)  # fmt: skip
def test_recorded_lines(name: str, argv: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert found(RECORDED / f"{name}.txt", *argv) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("step 450/10000", {"step": 450, "total": 10000, "unit": "steps", "share": 0.045}),
        ("epoch: 33/5000", {"step": 33, "total": 5000, "unit": "epochs", "share": 0.0066}),
        ("[Epoch 3/10] loss: 0.25", {
            "step": 3, "total": 10, "unit": "epochs", "share": 0.3,
            "objective": 0.25, "objective_name": "loss",
        }),
        ("Epoch [3/10], Step [450/1000], Loss: 2.5e-1", {
            "step": 3, "total": 10, "unit": "epochs", "share": 0.245,
            "objective": 0.25, "objective_name": "Loss",
        }),
        ("epoch 3/10 global_step 2,500/10,000", {
            "step": 2500, "total": 10000, "unit": "steps", "share": 0.25,
        }),
        ("[TRAINING] Step: 100 / 8000000  |  Reward: 10.12  |  Loss: 0.200", {
            "step": 100, "total": 8000000, "unit": "steps", "share": 0.0,
            "objective": 10.12, "objective_name": "Reward",
        }),
        ("iter 300 of 1000: 12.5k fps, eta 0:12:30", {
            "step": 300, "total": 1000, "unit": "iterations", "share": 0.3, "fps": 12500.0,
            "eta": 750.0,
        }),
        ('{"step": 450, "val_loss": 0.5, "loss": 0.25, "fps": 900}', {
            "step": 450, "unit": "steps", "objective": 0.5, "objective_name": "val_loss",
            "fps": 900.0,
        }),
        ("epoch 1 frame=300 objective=1.5 generation=4", {
            "step": 300, "unit": "frames", "objective": 1.5, "objective_name": "objective",
            "generation": 4,
        }),
        ("epoch 8/40 reward=4.000 loss=0.125 fps=1008", {
            "step": 8, "total": 40, "unit": "epochs", "share": 0.2, "fps": 1008.0,
            "objective": 4.0, "objective_name": "reward",
        }),
        ("step 8/40 steps_per_second: 12.5", {
            "step": 8, "total": 40, "unit": "steps", "share": 0.2, "fps": 12.5,
        }),
        ("step 8/40 at 12.5 steps/s", {
            "step": 8, "total": 40, "unit": "steps", "share": 0.2, "fps": 12.5,
        }),
        ("Progress: 45.67%", {"share": 0.4567}),
        ("episode 12/40 return=nan", {
            "step": 12, "total": 40, "unit": "episodes", "share": 0.3,
            "objective": "nan", "objective_name": "return",
        }),
        ("step 9/10 loss=-inf", {
            "step": 9, "total": 10, "unit": "steps", "share": 0.9,
            "objective": "-inf", "objective_name": "loss",
        }),
        ("step 12/10", {"step": 12, "total": 10, "unit": "steps", "share": 1.0}),
    ],
)  # fmt: skip
def test_lines_of_many_programs(tmp_path: Path, line: str, expected: dict[str, Any]) -> None:
    log = tmp_path / "log"
    log.write_text(f"starting\n{line}\n")
    assert found(log) == {**expected, "readers": ("steps",)}


@pytest.mark.parametrize(
    "line",
    [
        "nothing known",
        "frames: 99999999999999999999999",
        "step ٣/٩",
        "loaded 300/300 files",
        "step 2026-11-21/x",
        "12%|█▏        | 1.20M/10.0M [00:01<00:08, 1.10MB/s]",
        "learning_rate=0.1 batch_size: 12",
        "epoch 1e999",
    ],
)
def test_lines_that_tell_nothing(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"{line}\n")
    assert found(log) == {}


def test_other_lines_of_population_based_trainings(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Policy 0, frames_left 100, PBT it 7\n")
    assert found(log)["generation"] == 7
    log.write_text("New best objective: 6.8!\nNew pbt iteration 2!\n")
    read = found(log)
    assert (read["objective"], read["generation"]) == (6.8, 2)


def test_a_bar_of_the_data_gives_way_to_the_training(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("100%|██████████| 500/500 [00:05<00:00, 99.9it/s]\nepoch: 3/50\n")
    assert found(log)["total"] == 50


def test_every_reader_has_recorded_lines() -> None:
    """A reader whose lines no file holds would not be tested."""
    names = {path.stem for path in RECORDED.iterdir()}
    told = {name for path in names for name in found(RECORDED / f"{path}.txt").get("readers", ())}
    without = set(READERS.built_in) - told
    assert without == {"isaac_lab", "steps"}, "they are tested by single lines above"
