#: pbt-compile ige/ant_three_members.py
#: exit 0, 3 jobs in ant_v1
#: first 00_ant_v1_pbt in ant_v1/ant_v1_pbt_
#:   $ python -m isaacgymenvs.train task=Ant headless=True pbt=pbt_default pbt.num_policies=3
#:     pbt.workspace=workspace_ant max_iterations=100000 train.params.config.save_best_after=100
#:     pbt.policy_idx=0 experiment=00_ant_v1_pbt hydra.run.dir=./train_dir/ant_v1/ant_v1_pbt_
#: last 02_ant_v1_pbt in ant_v1/ant_v1_pbt_
#:   $ python -m isaacgymenvs.train task=Ant headless=True pbt=pbt_default pbt.num_policies=3
#:     pbt.workspace=workspace_ant max_iterations=100000 train.params.config.save_best_after=100
#:     pbt.policy_idx=2 experiment=02_ant_v1_pbt hydra.run.dir=./train_dir/ant_v1/ant_v1_pbt_
"""The smallest population that exchanges anything, with an override of Hydra's own."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_members = 3
_cmd = (
    "python -m isaacgymenvs.train task=Ant headless=True "
    f"pbt=pbt_default pbt.num_policies={_members} pbt.workspace=workspace_ant "
    "max_iterations=100000 train.params.config.save_best_after=100"
)

RUN_DESCRIPTION = RunDescription(
    "ant_v1",
    experiments=[
        Experiment(
            "ant_v1_pbt",
            _cmd,
            ParamGrid([("pbt.policy_idx", list(range(_members)))]).generate_params(False),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
