#: pbt-compile ours/populations/foreign_index.py
#: exit 3
#: error PBT103 at ours/populations/foreign_index.py:8
"""An index of another style."""

from pbt_tui import Experiment, RunDescription, population

MEMBERS = population(3, "isaaclab", index_arg="pbt.policy_idx")

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py", MEMBERS)])
