#: pbt-compile ige/four_of_eight.py
#: exit 3
#: error PBT403 at ige/four_of_eight.py:13
"""Nothing says how many members there are, and the trainer takes eight for granted."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("pbt.policy_idx", list(range(4)))])

RUN_DESCRIPTION = RunDescription(
    "arms",
    experiments=[
        Experiment(
            "arms",
            "python train.py task=TwoArms pbt=pbt_default pbt.workspace=ws_arms",
            _params.generate_params(randomize=False),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
