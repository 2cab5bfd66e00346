"""PufferLib: `puffer train ENVIRONMENT`, argparse made from the sections of a config file."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("train.seed", [1, 2]), ("train.learning-rate", [0.015])])
BREAKOUT = Experiment("breakout", "puffer train puffer_breakout", GRID.generate_params())
RUN_DESCRIPTION = RunDescription(
    "puffer", [BREAKOUT], "tag", "train.data-dir", argument_style="argparse"
)
