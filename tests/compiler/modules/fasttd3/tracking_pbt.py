#: pbt-compile fasttd3/tracking_pbt.py
#: exit 0, 4 jobs in tracking
#: first 00_tracking in tracking/tracking_
#:   $ python -m fast_td3.train --env_name=tracking --use_pbt --pbt_num_policies=4
#:     --pbt_workspace=ws_tracking --pbt_policy_idx=0 --exp_name=00_tracking
#:     --output_dir=./train_dir/tracking/tracking_
#: last 03_tracking in tracking/tracking_
#:   $ python -m fast_td3.train --env_name=tracking --use_pbt --pbt_num_policies=4
#:     --pbt_workspace=ws_tracking --pbt_policy_idx=3 --exp_name=03_tracking
#:     --output_dir=./train_dir/tracking/tracking_
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
