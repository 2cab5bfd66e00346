#: pbt-compile hostile/fork_and_exit.py
#: exit 1
#: error PBT101 at hostile/fork_and_exit.py
"""The parent ends; its children go on."""

import os
import time

from pbt_tui import Experiment, RunDescription

for _ in range(3):
    if os.fork() == 0:
        time.sleep(10**6)
os._exit(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
