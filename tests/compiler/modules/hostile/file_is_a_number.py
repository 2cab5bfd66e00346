#: pbt-compile hostile/file_is_a_number.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Says that its file is a number."""


from pbt_tui import Experiment, RunDescription

__file__ = 7

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
