#: pbt-compile ours/populations/one_member.py
#: exit 0, 1 job in ant
#: warning PBT415 at ours/populations/one_member.py:12
#: first 00_ant in ant/ant_
#:   $ python train.py task=Ant pbt=pbt_default pbt.workspace=/nfs/ant pbt.policy_idx=3
#:     experiment=00_ant hydra.run.dir=./train_dir/ant/ant_
"""One member of eight, as the trainer's own document starts them."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.workspace=/nfs/ant"
MEMBERS = [{"pbt.policy_idx": 3}]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
