#: pbt-compile hostile/watchdog_off.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/watchdog_off.py
"""Takes the watchdog away, and never ends."""

import faulthandler
import time

from pbt_tui import Experiment, RunDescription

faulthandler.cancel_dump_traceback_later()
time.sleep(10**6)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
