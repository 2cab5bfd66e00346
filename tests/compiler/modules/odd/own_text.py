#: pbt-compile odd/own_text.py
#: exit 3
#: error PBT103 at odd/own_text.py:9
"""Objects that are written as their address: no two imports agree."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "objects", [Experiment("o", "python t.py", [{"seed": 1, "net": object()}])]
)
