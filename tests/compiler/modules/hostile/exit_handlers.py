#: pbt-compile hostile/exit_handlers.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Work that is left for the end, which never comes."""

import atexit
import time
from pathlib import Path

from pbt_tui import Experiment, RunDescription

atexit.register(Path("at_exit.txt").touch)
atexit.register(time.sleep, 10**6)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
