#: pbt-compile written/member_without_population.py
#: exit 3
#: error PBT326 at written/member_without_population.py:9
"""A placeholder that has no value, beside parameters."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "c", [Experiment("e", "python t.py --port=600{member}", [{"seed": 1}])], placeholders=True
)
