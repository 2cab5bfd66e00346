"""A description that a function forgot to return."""

from pbt_tui import Experiment, RunDescription


def describe():
    RunDescription("ant", [Experiment("ant", "python train.py")])


RUN_DESCRIPTION = describe()
