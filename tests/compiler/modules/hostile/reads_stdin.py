#: pbt-compile hostile/reads_stdin.py
#: exit 1
#: error PBT101 at hostile/reads_stdin.py:9
"""Asks the user something."""


from pbt_tui import Experiment, RunDescription

answer = input("Are you sure? ")

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
