#: pbt-compile hostile/system_exit.py
#: exit 1
#: error PBT101 at hostile/system_exit.py:10
"""Ends as scripts do."""

import sys

from pbt_tui import Experiment, RunDescription

sys.exit("nothing to do")

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
