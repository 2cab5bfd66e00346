#: pbt-compile odd/newlines.py
#: exit 3
#: warning PBT302 at odd/newlines.py:17
#: warning PBT304 at odd/newlines.py:17
#: error PBT203 at odd/newlines.py:17
#: warning PBT302 at odd/newlines.py:18
#: warning PBT304 at odd/newlines.py:18
#: error PBT203 at odd/newlines.py:18
#: warning PBT302 at odd/newlines.py:19
"""Newlines in names and values."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "lines",
    [
        Experiment("two\nlines", "python t.py"),
        Experiment("value", "python t.py", [{"x": "a\nb"}]),
        Experiment("cmd", "python t.py\n--x=1"),
    ],
)
