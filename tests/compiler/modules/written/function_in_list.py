#: pbt-compile written/function_in_list.py
#: exit 3
#: error PBT103 at written/function_in_list.py:8
"""A function within a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("v", [Experiment("e", "python t.py", [{"f": [len, 1]}])])
