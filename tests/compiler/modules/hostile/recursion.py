#: pbt-compile hostile/recursion.py
#: exit 1
#: error PBT101 at hostile/recursion.py:10
"""Calls itself until there is no more room."""


from pbt_tui import Experiment, RunDescription

def again(n):
    return again(n + 1)


again(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
