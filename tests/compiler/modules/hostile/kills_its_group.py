#: pbt-compile hostile/kills_its_group.py
#: exit 1
#: error PBT101 at hostile/kills_its_group.py
"""Kills all that it knows."""

import os
import signal

from pbt_tui import Experiment, RunDescription

os.killpg(0, signal.SIGTERM)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
