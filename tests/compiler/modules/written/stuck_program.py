#: pbt-compile written/stuck_program.py
#: exit 0, 1 job in s
#: warning PBT309 at written/stuck_program.py:10
#: first 00_e in s/e_
#:   $ python t.py--env=ant --experiment=00_e --train_dir=./train_dir/s/e_
"""The same behind the program."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("s", [Experiment("e", "python t.py--env=ant")])
