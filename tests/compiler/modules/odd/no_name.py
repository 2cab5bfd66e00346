#: pbt-compile odd/no_name.py
#: exit 3
#: error PBT112 at odd/no_name.py:12
#: error PBT306 at odd/no_name.py:13
"""An experiment without a name, one without a command."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "noname",
    [
        Experiment("", "python t.py"),
        Experiment("nothing", ""),
    ],
)
