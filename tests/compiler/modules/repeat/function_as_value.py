#: pbt-compile repeat/function_as_value.py
#: exit 3
#: error PBT120 at repeat/function_as_value.py
#: warning PBT304 at repeat/function_as_value.py:10
"""A function as a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"schedule": lambda step: 1 / step}])]
)
