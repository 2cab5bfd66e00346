"""A run module with one population for `pbt-compile`, and the files expected for it."""

from collections.abc import Callable
from pathlib import Path

from pbt_tui.spec import Processes, decode

ROOT = Path(__file__).parents[2]

MODULE = """
from isaacgymenvs.pbt.launcher.run_description import ParamGrid, RunDescription, Experiment

_params = ParamGrid([("pbt.policy_idx", list(range({members})))])
_exp = Experiment(
    "ant_pbt",
    "python train.py pbt.enabled=True pbt.num_policies={members} pbt.workspace=ws",
    _params.generate_params(randomize=False),
)
RUN_DESCRIPTION = RunDescription(
    "{run}", experiments=[_exp], experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir", param_prefix="", customize_experiment_name=False,
)
"""


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Pbt = Callable[..., Said]
"""Calls `pbt-compile` with these arguments."""


def module(folder: Path, *, name: str = "ant", run: str = "ant_pbt", members: int = 8) -> None:
    (folder / "runs").mkdir(exist_ok=True)
    text = MODULE.format(run=run, members=members)
    (folder / "runs" / f"{name}.py").write_text(text)


def spec_of(folder: Path, name: str = "ant_pbt") -> Processes:
    return decode((folder / "specs" / name / "processes.json").read_bytes())
