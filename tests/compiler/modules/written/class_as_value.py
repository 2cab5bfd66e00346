#: pbt-compile written/class_as_value.py
#: exit 3
#: error PBT103 at written/class_as_value.py:8
"""A class as a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("v", [Experiment("e", "python t.py", [{"optimizer": dict}])])
