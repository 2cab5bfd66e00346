#: pbt-compile hostile/lies_about_its_file.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Says that it is another file."""


from pbt_tui import Experiment, RunDescription

__file__ = "\x1b[31m/nowhere"

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
