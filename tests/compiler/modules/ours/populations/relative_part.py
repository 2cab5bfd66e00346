#: pbt-compile ours/populations/relative_part.py
#: exit 0, 2 jobs in ant
#: warning PBT415 at ours/populations/relative_part.py:15
#: first 00_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=4 pbt.policy_idx=1
#:     experiment=00_ant hydra.run.dir=./train_dir/ant/ant_
#: last 01_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.num_policies=4 pbt.policy_idx=3
#:     experiment=01_ant hydra.run.dir=./train_dir/ant/ant_
"""A part whose workspace lies in a directory of this run alone."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.num_policies=4"
MEMBERS = [{"pbt.policy_idx": i} for i in (1, 3)]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
