#: pbt-compile hostile/changes_folder.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Goes somewhere else."""

import os

from pbt_tui import Experiment, RunDescription

os.chdir("/")

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
