"""A process id as a value."""

import os

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"port": 20000 + os.getpid()}])]
)
