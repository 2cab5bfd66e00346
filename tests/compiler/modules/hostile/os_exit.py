#: pbt-compile hostile/os_exit.py
#: exit 1
#: error PBT101 at hostile/os_exit.py
"""Ends without a word."""

import os

from pbt_tui import Experiment, RunDescription

os._exit(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
