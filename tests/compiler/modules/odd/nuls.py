#: pbt-compile odd/nuls.py
#: exit 3
#: error PBT203 at odd/nuls.py:17
#: error PBT203 at odd/nuls.py:19
#: error PBT320 at odd/nuls.py:17
#: error PBT320 at odd/nuls.py:17
#: error PBT320 at odd/nuls.py:18
#: error PBT320 at odd/nuls.py:19
#: error PBT320 at odd/nuls.py:19
"""NUL, which no argument and no file name can hold."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "nuls",
    [
        Experiment("a\0b", "python t.py"),
        Experiment("cmd", "python t.py --x=\0"),
        Experiment("value", "python t.py", [{"x": "\0"}]),
    ],
)
