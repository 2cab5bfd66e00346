#: pbt-compile repeat/process_id.py
#: exit 3
#: error PBT120 at repeat/process_id.py:11
"""A process id as a value."""

import os

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"port": 20000 + os.getpid()}])]
)
