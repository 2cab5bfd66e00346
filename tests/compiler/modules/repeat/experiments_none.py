"""Nothing where a list of experiments is meant."""

from pbt_tui import Experiment, RunDescription

Experiment("ant", "python train.py")

RUN_DESCRIPTION = RunDescription("ant", None)
