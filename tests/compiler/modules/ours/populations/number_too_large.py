#: pbt-compile ours/populations/number_too_large.py
#: exit 3
#: error PBT402 at ours/populations/number_too_large.py:10
#: note PBT421 at ours/populations/number_too_large.py
"""Member 8 of 8: numbers end at 7."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.num_policies=8"
MEMBERS = [{"pbt.policy_idx": i} for i in range(4, 9)]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
