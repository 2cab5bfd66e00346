#: pbt-compile ours/populations/upper_half.py
#: exit 0, 4 jobs in ant
#: warning PBT415 at ours/populations/upper_half.py:15
#: first 00_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=8 pbt.workspace=/nfs/ant
#:     pbt.policy_idx=4 experiment=00_ant hydra.run.dir=./train_dir/ant/ant_
#: last 03_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=8 pbt.workspace=/nfs/ant
#:     pbt.policy_idx=7 experiment=03_ant hydra.run.dir=./train_dir/ant/ant_
"""Members 4 to 7 of 8: the others run on another machine."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.num_policies=8 pbt.workspace=/nfs/ant"
MEMBERS = [{"pbt.policy_idx": i} for i in range(4, 8)]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
