#: pbt-compile hostile/replaces_builtins.py
#: exit 1
#: error PBT101 at hostile/replaces_builtins.py:15
"""Takes away what everybody needs."""

import builtins
import os
import sys

from pbt_tui import Experiment, RunDescription

builtins.print = builtins.open = builtins.len = builtins.isinstance = None
os.write = os._exit = os.getpid = sys.exit = None

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
