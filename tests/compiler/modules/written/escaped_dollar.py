#: pbt-compile written/escaped_dollar.py
#: exit 0, 1 job in c
#: warning PBT302 at written/escaped_dollar.py:11
#: first 00_e in c/e_
#:   $ python t.py '--a=$x' --experiment=00_e --train_dir=./train_dir/c/e_
"""Between double quotes a backslash before a dollar vanishes."""

from pbt_tui import Experiment, RunDescription

CMD = 'python t.py --a="\\$x"'
RUN_DESCRIPTION = RunDescription("c", [Experiment("e", CMD)])
