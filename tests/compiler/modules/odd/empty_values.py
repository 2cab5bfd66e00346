#: pbt-compile odd/empty_values.py
#: exit 3
#: error PBT106 at odd/empty_values.py:14
"""An empty list of values empties the whole grid (D1)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "empty",
    [
        Experiment(
            "empty",
            "python t.py",
            ParamGrid([("lr", [1, 2]), ("seed", [])]).generate_params(),
        )
    ],
)
