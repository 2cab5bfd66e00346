"""A function as a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"schedule": lambda step: 1 / step}])]
)
