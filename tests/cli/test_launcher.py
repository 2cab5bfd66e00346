"""The entry point of the upstream launchers: names, flags, defaults and return values."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pbt_tui import Experiment, ParamGrid, RunDescription, launcher
from pbt_tui.journal import RunDir, Tail
from pbt_tui.journal.events import ExecutorStarted

MODULE = """
from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription
grid = ParamGrid([("code", {codes})])
RUN_DESCRIPTION = RunDescription(
    "door", experiments=[Experiment("base", "{cmd}", grid.generate_params(randomize=False))]
)
"""


def module(folder: Path, cmd: str = "true", codes: str = "[0, 1]") -> None:
    (folder / "door.py").write_text(MODULE.format(cmd=cmd, codes=codes))


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pbt_tui.launcher", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(launcher.__file__).parents[1])},
    )


def policy(folder: Path, name: str = "door") -> ExecutorStarted:
    events = Tail(RunDir(folder / "train_dir" / name / "_pbt").journal).read_all()
    return next(e for e in events if isinstance(e, ExecutorStarted))


def test_all_succeeded_is_zero(tmp_path: Path) -> None:
    module(tmp_path)
    done = call(tmp_path, "--run", "door", "--pause_between=0")
    assert done.returncode == 0, done.stderr
    assert policy(tmp_path).policy.max_parallel == 4


def test_a_failed_job_is_not_zero(tmp_path: Path) -> None:
    """D16: the original returned 0 whatever happened."""
    module(tmp_path, cmd="false")
    done = call(tmp_path, "--run=door", "--pause_between", "0")
    assert done.returncode == 4
    assert ": exit 1\n" in done.stdout


@pytest.mark.parametrize("words", [("--run", "nowhere"), ("--run", "broken")])
def test_a_module_that_cannot_be_imported_is_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "broken.py").write_text("import not_there_at_all\n")
    done = call(tmp_path, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no run module was given"),
        (("--run", "door", "--num_gpu", "3"), "unknown argument: `--num_gpu`"),
        (("--run", "door", "--num_gpus", "x"), "`--num_gpus`"),
        (("--run", "door", "--backend", "kubernetes"), "`--backend`"),
        (("--run", "door", "--backend", "slurm", "--num_gpus", "2"), "`--num_gpus`"),
        (("--run", "door", "--slurm_partition", "x"), "unknown argument: `--slurm_partition`"),
    ],
)
def test_mistakes_are_two(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    module(tmp_path)
    done = call(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "train_dir").exists()


@pytest.mark.parametrize(
    ("backend", "flags"),
    [
        ("processes", ["--num_gpus", "--max_parallel", "--experiments_per_gpu"]),
        (
            "slurm",
            [
                "--slurm_gpus_per_job",
                "--slurm_cpus_per_gpu",
                "--slurm_print_only",
                "--slurm_workdir",
                "--slurm_partition",
                "--slurm_sbatch_template",
                "--slurm_timeout",
            ],
        ),
        ("ngc", ["--ngc_job_template", "--ngc_print_only"]),
    ],
)
def test_help_shows_the_flags_of_the_backend(
    tmp_path: Path, backend: str, flags: list[str]
) -> None:
    """D48: the original showed none of them."""
    done = call(tmp_path, "--backend", backend, "--help")
    assert done.returncode == 0
    for flag in flags:
        assert flag in done.stdout


def test_defaults_are_the_originals() -> None:
    args = launcher.parse_args(["--run", "m"])
    assert vars(args) == {
        "run": "m",
        "backend": "processes",
        "train_dir": "./train_dir",
        "experiment_suffix": "",
        "pause_between": 1,
        "num_gpus": 1,
        "max_parallel": 4,
        "experiments_per_gpu": -1,
    }
    assert launcher.parse_args(["--backend", "ngc"]).pause_between == 0
    slurm = launcher.parse_args(["--backend=slurm", "--slurm_print_only=yes"])
    assert (slurm.slurm_gpus_per_job, slurm.slurm_cpus_per_gpu, slurm.slurm_timeout) == (1, 16, "0")
    assert slurm.slurm_print_only is True


@pytest.mark.parametrize(("words", "expected"), [((), 6), (("--max_parallel", "8"), 8)])
def test_max_parallel_fits_the_population_unless_it_was_typed(
    tmp_path: Path, words: tuple[str, ...], expected: int
) -> None:
    """P2: four of eight members never exchange."""
    (tmp_path / "many.py").write_text(
        "from isaacgymenvs.pbt.launcher.run_description import *\n"
        "grid = ParamGrid([('pbt.policy_idx', list(range(6)))])\n"
        "RUN_DESCRIPTION = RunDescription('many', [Experiment('e', 'true pbt.num_policies=6 "
        "pbt.workspace=w', grid.generate_params(False))], 'experiment', 'hydra.run.dir', False, '')"
    )
    done = call(tmp_path, "--run", "many", "--pause_between", "0", *words)
    assert done.returncode == 0, done.stderr
    assert policy(tmp_path, "many").policy.max_parallel == expected


def test_run_takes_a_description_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ParamGrid([("seed", [1, 2])]).generate_params(randomize=False)
    description = RunDescription("here", experiments=[Experiment("e", "true", grid)])
    args = launcher.parse_args(["--pause_between", "0", "--experiment_suffix", "x"])
    assert launcher.run(description, args) == 0
    assert RunDir(tmp_path / "train_dir" / "here" / "_pbt_x").is_run()
    assert launcher.run(object(), args) == 3
    assert "is not a RunDescription" in capsys.readouterr().err


UPSTREAM = {
    "num_gpus": 1,
    "max_parallel": 2,
    "experiments_per_gpu": -1,
    "train_dir": "./results",
    "pause_between": 0,
}
"""The attributes that upstream's `run` reads, and no other one."""


@pytest.mark.parametrize(
    "args",
    [
        Namespace(**UPSTREAM),
        SimpleNamespace(**UPSTREAM),
        Namespace(**UPSTREAM, backend=None),
        Namespace(**UPSTREAM | {"train_dir": Path("results"), "pause_between": 0.01}),
        Namespace(**UPSTREAM | {"num_gpus": "1", "max_parallel": 2.0, "lr": 3}),
    ],
)
def test_run_takes_the_attributes_that_upstream_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    given = dict(vars(args))
    description = RunDescription("here", experiments=[Experiment("e", "true")])
    assert launcher.run(run_description=description, args=args) == 0
    assert RunDir(tmp_path / "results" / "here" / "_pbt").is_run()
    started = next(
        event
        for event in Tail(RunDir(tmp_path / "results" / "here" / "_pbt").journal).read_all()
        if isinstance(event, ExecutorStarted)
    )
    assert started.policy.max_parallel == 2
    assert vars(args) == given


@pytest.mark.parametrize(
    "words",
    [
        ("--num_gpus", "-1"),
        ("--max_parallel", "0"),
        ("--pause_between", "-1"),
        ("--backend", "slurm", "--slurm_gpus_per_job", "-3", "--slurm_print_only", "yes"),
    ],
)
def test_a_number_out_of_bounds_is_refused_before_anything_is_written(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    module(tmp_path)
    done = call(tmp_path, "--run", "door", *words)
    assert done.returncode == 2
    assert "expected" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"door.py", "__pycache__"}


def test_run_needs_no_attribute_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    description = RunDescription("here", experiments=[Experiment("e", "true")])
    assert launcher.run(description, Namespace()) == 0
    assert RunDir(tmp_path / "train_dir" / "here" / "_pbt").is_run()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("num_gpus", "two", "`args.num_gpus` is not a whole number: `'two'`"),
        ("max_parallel", 2.5, "`args.max_parallel` is not a whole number: `2.5`"),
        ("max_parallel", float("nan"), "`args.max_parallel` is not a whole number: `nan`"),
        ("pause_between", [], "`args.pause_between` is not a number: `[]`"),
        ("pause_between", True, "`args.pause_between` is not a number: `True`"),
        (
            "max_parallel",
            Fraction(10**400),
            "`args.max_parallel` is not a whole number: `Fraction(",
        ),
        ("train_dir", 5, "`args.train_dir` is not a path: `5`"),
        ("num_gpus", -1, "`--num_gpus`: expected an integer from 0, got `-1`"),
        ("pause_between", -1, "`--pause_between`: expected"),
        ("experiments_per_gpu", True, "`args.experiments_per_gpu` is not a whole number: `True`"),
    ],
)
def test_run_names_an_attribute_of_the_wrong_type(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: object,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    description = RunDescription("here", experiments=[Experiment("e", "true")])
    assert launcher.run(description, Namespace(**UPSTREAM | {name: value})) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_parameters_are_called_as_upstream_calls_them() -> None:
    names: dict[Callable[..., Any], list[str]] = {
        launcher.run: ["run_description", "args"],
        launcher.add_os_parallelism_args: ["parser"],
        launcher.ensure_dir_exists: ["path"],
    }
    for function, expected in names.items():
        assert list(inspect.signature(function).parameters) == expected


def test_add_os_parallelism_args_extends_a_parser_of_somebody_else() -> None:
    import argparse

    parser = launcher.add_os_parallelism_args(argparse.ArgumentParser())
    assert parser.parse_args(["--num_gpus", "3"]).num_gpus == 3


def test_ensure_dir_exists(tmp_path: Path) -> None:
    folder = str(tmp_path / "a" / "b")
    assert launcher.ensure_dir_exists(folder) == folder
    assert launcher.ensure_dir_exists(folder) == folder
    assert Path(folder).is_dir()
