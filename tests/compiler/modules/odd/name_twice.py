#: pbt-compile odd/name_twice.py
#: exit 3
#: error PBT109 at odd/name_twice.py:14
"""A name that stands in the grid twice (D5)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "twice",
    [
        Experiment(
            "twice",
            "python t.py",
            ParamGrid([("a", [1]), (("a", "b"), [(2, 3)])]).generate_params(),
        )
    ],
)
