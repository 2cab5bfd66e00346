#: pbt-compile hostile/closes_descriptors.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Closes all that it may have inherited: nothing is wrong with that."""

import os

from pbt_tui import Experiment, RunDescription

os.closerange(0, 256)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
