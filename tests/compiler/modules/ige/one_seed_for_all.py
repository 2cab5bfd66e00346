#: pbt-compile ige/one_seed_for_all.py
#: exit 0, 4 jobs in hand
#: warning PBT408 at ige/one_seed_for_all.py:14
#: first 00_hand in hand/hand_
#:   $ python train.py task=Hand pbt=pbt_default pbt.num_policies=4 pbt.policy_idx=0 seed=42
#:     experiment=00_hand hydra.run.dir=./train_dir/hand/hand_
#: last 03_hand in hand/hand_
#:   $ python train.py task=Hand pbt=pbt_default pbt.num_policies=4 pbt.policy_idx=3 seed=42
#:     experiment=03_hand hydra.run.dir=./train_dir/hand/hand_
"""All members begin with one seed; the original says nothing."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("pbt.policy_idx", list(range(4))), ("seed", [42])])

RUN_DESCRIPTION = RunDescription(
    "hand",
    experiments=[
        Experiment(
            "hand",
            "python train.py task=Hand pbt=pbt_default pbt.num_policies=4",
            _params.generate_params(),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
