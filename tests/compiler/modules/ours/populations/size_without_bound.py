#: pbt-compile ours/populations/size_without_bound.py
#: exit 3
#: error PBT103 at ours/populations/size_without_bound.py:8
"""A size with some digits too many."""

from pbt_tui import Experiment, RunDescription, population

RUN_DESCRIPTION = RunDescription("c", [Experiment("e", "python t.py", population(8_000_000_000))])
