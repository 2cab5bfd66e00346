#: pbt-compile hostile/threads.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Threads that never end."""

import threading
import time

from pbt_tui import Experiment, RunDescription

for _ in range(3):
    threading.Thread(target=time.sleep, args=(10**6,)).start()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
