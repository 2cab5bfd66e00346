#: pbt-compile written/begins_with_export.py
#: exit 3
#: error PBT306 at written/begins_with_export.py:8
"""Another one."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("b", [Experiment("e", "export A=1; python t.py")])
