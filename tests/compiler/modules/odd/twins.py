#: pbt-compile odd/twins.py
#: exit 3
#: error PBT201 at odd/twins.py:12
"""Two experiments of one name: originally both jobs run the second command (D9)."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "twins",
    [
        Experiment("twin", "python t.py --lr=1", [{"seed": 1}, {"seed": 2}]),
        Experiment("twin", "python t.py --lr=2", [{"seed": 1}]),
    ],
)
