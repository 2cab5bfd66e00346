#: pbt-compile written/letters.py
#: exit 3
#: error PBT111 at written/letters.py:9
"""A text where a list is meant."""

from pbt_tui import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "l", [Experiment("e", "python t.py", ParamGrid([("env", "ant")]).generate_params())]
)
