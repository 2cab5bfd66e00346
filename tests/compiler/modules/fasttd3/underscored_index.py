#: pbt-compile fasttd3/underscored_index.py
#: exit 1
#: error PBT101 at fasttd3/underscored_index.py:6
"""The same with names that hold the index of each member."""

from pbt_baseline.launcher.run_description import Experiment, ParamGrid, RunDescription

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
