#: pbt-compile odd/not_text.py
#: exit 3
#: error PBT103 at odd/not_text.py:8
"""A name that is a number."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("number", [Experiment(7, "python t.py")])
