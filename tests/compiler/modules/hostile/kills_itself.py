#: pbt-compile hostile/kills_itself.py
#: exit 1
#: error PBT101 at hostile/kills_itself.py
"""Is killed."""

import os
import signal

from pbt_tui import Experiment, RunDescription

os.kill(os.getpid(), signal.SIGKILL)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
