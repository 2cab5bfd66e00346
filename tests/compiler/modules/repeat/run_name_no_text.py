#: pbt-compile repeat/run_name_no_text.py
#: exit 3
#: error PBT103 at repeat/run_name_no_text.py:8
"""A number where a run name is meant."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(7, [Experiment("ant", "python train.py")])
