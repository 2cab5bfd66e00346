#: pbt-compile ours/populations/labels.py
#: exit 0, 3 jobs in ant
#: first 00_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=3 pbt.policy_idx=0 wandb_name=m0
#:     wandb_tags=t0 experiment=00_ant hydra.run.dir=./train_dir/ant/ant_
#: last 02_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=3 pbt.policy_idx=2 wandb_name=m2
#:     wandb_tags=t2 experiment=02_ant hydra.run.dir=./train_dir/ant/ant_
"""What a tracker calls a member may differ."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.num_policies=3"
MEMBERS = [{"pbt.policy_idx": i, "wandb_name": f"m{i}", "wandb_tags": f"t{i}"} for i in range(3)]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
