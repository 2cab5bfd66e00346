#: pbt-compile written/stuck_options.py
#: exit 0, 1 job in s
#: warning PBT309 at written/stuck_options.py:10
#: first 00_e in s/e_
#:   $ python t.py --dir2=./x--rec=True --experiment=00_e --train_dir=./train_dir/s/e_
"""Two Python strings without a blank between them."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("s", [Experiment("e", "python t.py --dir2=./x--rec=True")])
