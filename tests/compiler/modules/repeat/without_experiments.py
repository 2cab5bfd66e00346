"""A run of no experiments."""

from pbt_tui import Experiment, RunDescription

Experiment("ant", "python train.py")

RUN_DESCRIPTION = RunDescription("ant", [])
