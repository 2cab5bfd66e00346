#: pbt-compile written/no_name.py
#: exit 3
#: error PBT103 at written/no_name.py:8
"""A parameter without a name."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("n", [Experiment("e", "python t.py", [{"": 1}])])
