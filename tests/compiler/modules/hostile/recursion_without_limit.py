#: pbt-compile hostile/recursion_without_limit.py
#: exit 1
#: error PBT101 at hostile/recursion_without_limit.py
"""The same where no limit of Python's counts: the stack of the process itself is used up."""

import faulthandler

from pbt_tui import Experiment, RunDescription

faulthandler._stack_overflow()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
