#: pbt-compile odd/escapes_between_loads.py
#: exit 3
#: error PBT120 at odd/escapes_between_loads.py
#: error PBT203 at odd/escapes_between_loads.py:12
"""What differs between two imports is named, without what it would do to the screen."""

from pbt_tui import Experiment, RunDescription

import random

RUN_DESCRIPTION = RunDescription(
    "draw", [Experiment("d", "python t.py", [{"x\x1b[2J": random.random()}], env_vars={})]
)
