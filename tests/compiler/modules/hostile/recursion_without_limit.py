#: pbt-compile hostile/recursion_without_limit.py
#: exit 1
#: error PBT101 at hostile/recursion_without_limit.py
"""The same, with the limit taken away: the stack of the process itself is used up."""

import sys

from pbt_tui import Experiment, RunDescription

sys.setrecursionlimit(10**9)


def again(n):
    return max([n], key=again)


again(0)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
