#: pbt-compile repeat/empty_run_name.py
#: exit 3
#: error PBT220 at repeat/empty_run_name.py:8
"""A run name without a letter."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("", [Experiment("ant", "python train.py")])
