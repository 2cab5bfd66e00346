#: pbt-compile written/continued_lines.py
#: exit 0, 1 job in c
#: first 00_e in c/e_
#:   $ python t.py --a=1 --b=2 --experiment=00_e --train_dir=./train_dir/c/e_
"""A backslash at the end of a line continues the command."""

from pbt_tui import Experiment, RunDescription

CMD = r"""python t.py \
    --a=1 \
    --b=2"""
RUN_DESCRIPTION = RunDescription("c", [Experiment("e", CMD)])
