"""A dictionary where a description is meant."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = {"run_name": "ant", "experiments": [Experiment("ant", "python train.py")]}
RunDescription("ant", [])
