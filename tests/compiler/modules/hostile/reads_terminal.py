#: pbt-compile hostile/reads_terminal.py
#: exit 1
#: error PBT101 at hostile/reads_terminal.py:9
"""Asks on the terminal itself."""


from pbt_tui import Experiment, RunDescription

open("/dev/tty").read()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
