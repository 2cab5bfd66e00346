#: pbt-compile hostile/endless_sleep.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/endless_sleep.py:10
"""Never ends, and sleeps."""

import time

from pbt_tui import Experiment, RunDescription

time.sleep(10**6)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
