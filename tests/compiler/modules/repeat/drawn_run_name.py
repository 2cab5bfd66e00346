"""A run name that holds a random number."""

import random

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    f"ant_{random.randrange(10**9)}", [Experiment("ant", "python train.py")]
)
