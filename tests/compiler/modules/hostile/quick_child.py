#: pbt-compile hostile/quick_child.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Asks another program something, and waits for the answer: nothing is wrong."""

import subprocess

from pbt_tui import Experiment, RunDescription

assert subprocess.run(["echo", "yes"], capture_output=True, check=True).stdout == b"yes\n"

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
