#: pbt-compile ours/populations/unknown_index.py
#: exit 3
#: error PBT103 at ours/populations/unknown_index.py:8
"""An index that no style knows."""

from pbt_tui import Experiment, RunDescription, population

MEMBERS = population(3, index_arg="idx")

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py", MEMBERS)])
