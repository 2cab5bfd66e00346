#: pbt-compile repeat/clock_in_suffix.py
#: exit 3
#: error PBT224 at repeat/clock_in_suffix.py:11
"""A suffix that holds the time of the import."""

import time

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])
RUN_DESCRIPTION.experiment_suffix = time.strftime("%M%S")
