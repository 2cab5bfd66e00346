#: pbt-compile odd/run_with_slash.py
#: exit 3
#: error PBT220 at odd/run_with_slash.py:8
"""A run whose name is a path."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("group/run", [Experiment("a", "python t.py")])
