#: pbt-compile hostile/forks.py
#: exit 0, 1 job in r
#: warning PBT119 at hostile/forks.py
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Children that go on after the module, and hold what they inherited."""

import os
import time

from pbt_tui import Experiment, RunDescription

for _ in range(3):
    if os.fork() == 0:
        time.sleep(10**6)
        os._exit(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
