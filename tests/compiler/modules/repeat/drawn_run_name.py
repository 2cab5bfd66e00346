#: pbt-compile repeat/drawn_run_name.py
#: exit 3
#: error PBT224 at repeat/drawn_run_name.py:10
"""A run name that holds a random number."""

import random

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    f"ant_{random.randrange(10**9)}", [Experiment("ant", "python train.py")]
)
