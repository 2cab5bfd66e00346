#: pbt-compile fasttd3/tracking_pbt.py
#: exit 1
#: error PBT101 at fasttd3/tracking_pbt.py:6
"""A population with other words: `pbt_policy_idx`, and the prefix left as it was."""

from pbt_baseline.launcher.run_description import Experiment, ParamGrid, RunDescription

_members = 4
_params = ParamGrid([("pbt_policy_idx", list(range(_members)))])

RUN_DESCRIPTION = RunDescription(
    "tracking",
    experiments=[
        Experiment(
            "tracking",
            f"python -m fast_td3.train --env_name=tracking --use_pbt "
            f"--pbt_num_policies={_members} --pbt_workspace=ws_tracking",
            _params.generate_params(randomize=False),
        )
    ],
    experiment_arg_name="--exp_name",
    experiment_dir_arg_name="--output_dir",
    customize_experiment_name=False,
)
