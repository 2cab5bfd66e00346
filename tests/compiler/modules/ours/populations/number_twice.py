#: pbt-compile ours/populations/number_twice.py
#: exit 3
#: error PBT402 at ours/populations/number_twice.py:9
"""Member 5 twice: both would write into the folder 005."""

from pbt_tui import Experiment, RunDescription

CMD = "python train.py task=Ant pbt=pbt_default pbt.num_policies=8"
MEMBERS = [{"pbt.policy_idx": i, "task": "Ant"} for i in (4, 5, 5)]

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", CMD, MEMBERS)],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
