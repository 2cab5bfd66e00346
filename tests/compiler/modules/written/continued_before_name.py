#: pbt-compile written/continued_before_name.py
#: exit 0, 1 job in c
#: first 00_e in c/e_
#:   $ python t.py --tag=00_e --experiment=00_e --train_dir=./train_dir/c/e_
"""A line that is continued, and a placeholder in the next one."""

from pbt_tui import Experiment, RunDescription

CMD = """python t.py \\
  --tag={name}"""
RUN_DESCRIPTION = RunDescription("c", [Experiment("e", CMD)], placeholders=True)
