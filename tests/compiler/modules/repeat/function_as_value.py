#: pbt-compile repeat/function_as_value.py
#: exit 3
#: error PBT103 at repeat/function_as_value.py:9
"""A function as a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"schedule": lambda step: 1 / step}])]
)
