#: pbt-compile written/continued_in_quotes.py
#: exit 0, 1 job in c
#: warning PBT302 at written/continued_in_quotes.py:11
#: first 00_e in c/e_
#:   $ python t.py --a=xy --experiment=00_e --train_dir=./train_dir/c/e_
"""Between double quotes a backslash at the end of a line vanishes as well."""

from pbt_tui import Experiment, RunDescription

CMD = 'python t.py --a="x\\\ny"'
RUN_DESCRIPTION = RunDescription("c", [Experiment("e", CMD)])
