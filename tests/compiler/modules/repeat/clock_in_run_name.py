"""A run name that holds the time of the import."""

import time

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(f"ant_v{int(time.time())}", [Experiment("ant", "python train.py")])
