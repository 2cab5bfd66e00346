"""A run name with a control character."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("ant\x1b[31m", [Experiment("ant", "python train.py")])
