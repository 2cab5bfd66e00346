#: pbt-compile repeat/escape_in_run_name.py
#: exit 3
#: error PBT220 at repeat/escape_in_run_name.py:8
"""A run name with a control character."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("ant\x1b[31m", [Experiment("ant", "python train.py")])
