#: pbt-compile repeat/clock_in_run_name.py
#: exit 3
#: error PBT224 at repeat/clock_in_run_name.py:10
"""A run name that holds the time of the import."""

import time

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(f"ant_v{int(time.time())}", [Experiment("ant", "python train.py")])
