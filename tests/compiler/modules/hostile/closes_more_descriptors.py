#: pbt-compile hostile/closes_more_descriptors.py
#: exit 1
#: error PBT101 at hostile/closes_more_descriptors.py
"""Closes really all."""

import os

from pbt_tui import Experiment, RunDescription

os.closerange(0, 4096)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
