#: pbt-compile written/bash_as_hinted.py
#: exit 0, 1 job in b
#: warning PBT302 at written/bash_as_hinted.py:11
#: first 00_e in b/e_
#:   $ bash -c 'cd sim && python t.py "$@"' bash --experiment=00_e --train_dir=./train_dir/b/e_
"""What the hint of a shell's own word says."""

from pbt_tui import Experiment, RunDescription

CMD = """bash -c 'cd sim && python t.py "$@"' bash"""
RUN_DESCRIPTION = RunDescription("b", [Experiment("e", CMD)])
