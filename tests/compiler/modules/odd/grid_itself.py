#: pbt-compile odd/grid_itself.py
#: exit 3
#: error PBT103 at odd/grid_itself.py:10
"""The grid, and not what it generates (D14)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "grid",
    [Experiment("grid", "python t.py", ParamGrid([("a", [1])]))],
)
