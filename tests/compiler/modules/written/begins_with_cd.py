#: pbt-compile written/begins_with_cd.py
#: exit 3
#: error PBT306 at written/begins_with_cd.py:8
"""A shell built-in is no program."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("b", [Experiment("e", "cd sim && python t.py")])
