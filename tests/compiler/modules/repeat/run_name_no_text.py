"""A number where a run name is meant."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(7, [Experiment("ant", "python train.py")])
