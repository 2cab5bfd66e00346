#: pbt-compile written/same_twice.py
#: exit 0, 1 job in t
#: first 00_e in t/e_
#:   $ python t.py --a=1 --a=1 --experiment=00_e --train_dir=./train_dir/t/e_
"""The same setting twice with the same value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("t", [Experiment("e", "python t.py --a=1 --a=1")])
