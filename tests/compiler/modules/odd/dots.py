#: pbt-compile odd/dots.py
#: exit 3
#: warning PBT202 at odd/dots.py:13
#: error PBT221 at odd/dots.py:13
"""Names that climb out of the folder that they are given."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "dots",
    [
        Experiment("..", "python t.py"),
        Experiment("../../etc", "python t.py"),
        Experiment("fine", "python t.py", [{"where": ".."}]),
    ],
)
