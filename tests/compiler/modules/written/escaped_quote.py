#: pbt-compile written/escaped_quote.py
#: exit 0, 1 job in c
#: warning PBT302 at written/escaped_quote.py:10
#: first 00_e in c/e_
#:   $ python t.py '--note=it'"'"'s' --experiment=00_e --train_dir=./train_dir/c/e_
"""A quote behind a backslash is a part of the argument, as in a shell."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("c", [Experiment("e", "python t.py --note=it\\'s")])
