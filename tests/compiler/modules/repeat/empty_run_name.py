"""A run name without a letter."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("", [Experiment("ant", "python train.py")])
