#: pbt-compile hostile/stops_itself.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/stops_itself.py
"""Is stopped, and no watchdog of its own can help."""

import os
import signal

from pbt_tui import Experiment, RunDescription

os.kill(os.getpid(), signal.SIGSTOP)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
