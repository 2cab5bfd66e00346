#: pbt-compile hostile/daemon.py
#: exit 0, 1 job in r
#: warning PBT119 at hostile/daemon.py
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""A process that leaves group, session and terminal behind."""

import os
import subprocess
import sys

from pbt_tui import Experiment, RunDescription

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        os.closerange(3, 2048)
        os.execve(sys.executable, ["python", "-c", "import time; time.sleep(10**6)"], {})
    os._exit(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
