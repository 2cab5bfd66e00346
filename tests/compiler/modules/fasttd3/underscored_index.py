#: pbt-compile fasttd3/underscored_index.py
#: exit 0, 2 jobs in walk
#: warning PBT407 at fasttd3/underscored_index.py:17
#: first 00_walk_p.p.idx_0 in walk/walk_
#:   $ python -m fast_td3.train --env_name=walk --use_pbt --pbt_num_policies=2 --pbt_policy_idx=0
#:     --experiment=00_walk_p.p.idx_0 --train_dir=./train_dir/walk/walk_
#: last 01_walk_p.p.idx_1 in walk/walk_
#:   $ python -m fast_td3.train --env_name=walk --use_pbt --pbt_num_policies=2 --pbt_policy_idx=1
#:     --experiment=01_walk_p.p.idx_1 --train_dir=./train_dir/walk/walk_
"""The same with names that hold the index of each member."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "walk",
    experiments=[
        Experiment(
            "walk",
            "python -m fast_td3.train --env_name=walk --use_pbt --pbt_num_policies=2",
            ParamGrid([("pbt_policy_idx", [0, 1])]).generate_params(randomize=False),
        )
    ],
)
