#: pbt-compile ige/eight_gpus.py
#: exit 3
#: error PBT306 at ige/eight_gpus.py:13
"""The command has no interpreter: the original's own backend could never run it (D13)."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", [11, 12]), ("num_envs", [16384])])

RUN_DESCRIPTION = RunDescription(
    "kuka_8gpu",
    experiments=[
        Experiment(
            "kuka_8gpu",
            "train.py multi_gpu=True task=Kuka",
            _params.generate_params(randomize=False),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
