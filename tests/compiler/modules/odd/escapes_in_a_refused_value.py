#: pbt-compile odd/escapes_in_a_refused_value.py
#: exit 3
#: error PBT103 at odd/escapes_in_a_refused_value.py:10
"""Values that cannot be had, and names that are not there."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "bad",
    [Experiment("b\x1b[31m", "python t.py", resources={"gpu\x1b[31m\n": 1})],
)
