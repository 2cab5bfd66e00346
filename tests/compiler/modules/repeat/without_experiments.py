#: pbt-compile repeat/without_experiments.py
#: exit 3
#: error PBT105 at repeat/without_experiments.py:10
"""A run of no experiments."""

from pbt_tui import Experiment, RunDescription

Experiment("ant", "python train.py")

RUN_DESCRIPTION = RunDescription("ant", [])
