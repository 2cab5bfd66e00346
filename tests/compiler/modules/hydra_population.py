"""As with IsaacGymEnvs: no prefix, names without values, the base command of a sibling."""

from hydra_base import base_cli
from isaacgymenvs.pbt.experiments.run_utils import version
from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_name = f"kuka_{version}"
_params = ParamGrid([("pbt.policy_idx", list(range(4)))])

print("described", _name)

RUN_DESCRIPTION = RunDescription(
    _name,
    experiments=[
        Experiment(
            _name,
            base_cli + f" pbt.workspace=workspace_{_name} seed=-1",
            _params.generate_params(randomize=False),
        ),
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
