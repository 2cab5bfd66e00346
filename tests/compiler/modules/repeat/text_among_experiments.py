"""A text in a list of experiments."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", "python train.py"), "ant"],
)
