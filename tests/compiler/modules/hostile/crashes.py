#: pbt-compile hostile/crashes.py
#: exit 1
#: error PBT101 at hostile/crashes.py
"""Reads where there is nothing."""

import ctypes

from pbt_tui import Experiment, RunDescription

ctypes.string_at(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
