#: pbt-compile repeat/is_none.py
#: exit 3
#: error PBT102 at repeat/is_none.py:13
"""A description that a function forgot to return."""

from pbt_tui import Experiment, RunDescription


def describe():
    RunDescription("ant", [Experiment("ant", "python train.py")])


RUN_DESCRIPTION = describe()
