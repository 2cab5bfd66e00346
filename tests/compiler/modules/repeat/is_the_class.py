"""The class where a description is meant."""

from pbt_tui import Experiment, RunDescription

EXPERIMENTS = [Experiment("ant", "python train.py")]
RUN_DESCRIPTION = RunDescription
