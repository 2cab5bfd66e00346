#: pbt-compile written/no_break_space.py
#: exit 3
#: error PBT310 at written/no_break_space.py:8
"""A blank pasted from a web page."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("p", [Experiment("e", "python t.py --a=1")])
