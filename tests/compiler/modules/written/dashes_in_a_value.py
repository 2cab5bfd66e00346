#: pbt-compile written/dashes_in_a_value.py
#: exit 0, 1 job in s
#: first 00_e in s/e_
#:   $ python t.py --dir=runs/a--b --more=--lr=1 '--url=http://h/?a=b' --experiment=00_e
#:     --train_dir=./train_dir/s/e_
"""A value that holds two dashes is no second setting."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "s", [Experiment("e", "python t.py --dir=runs/a--b --more=--lr=1 --url=http://h/?a=b")]
)
