#: pbt-compile hostile/megabytes.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Says more than anybody reads."""


from pbt_tui import Experiment, RunDescription

print("\x1b[31m" + "x" * 4_000_000)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
