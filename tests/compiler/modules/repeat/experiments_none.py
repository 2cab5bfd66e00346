#: pbt-compile repeat/experiments_none.py
#: exit 3
#: error PBT102 at repeat/experiments_none.py:10
"""Nothing where a list of experiments is meant."""

from pbt_tui import Experiment, RunDescription

Experiment("ant", "python train.py")

RUN_DESCRIPTION = RunDescription("ant", None)
