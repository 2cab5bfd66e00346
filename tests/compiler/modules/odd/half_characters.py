#: pbt-compile odd/half_characters.py
#: exit 3
#: error PBT307 at odd/half_characters.py:16
#: error PBT307 at odd/half_characters.py:17
#: error PBT307 at odd/half_characters.py:18
#: error PBT307 at odd/half_characters.py:18
#: error PBT307 at odd/half_characters.py:19
#: warning PBT302 at odd/half_characters.py:20
"""Halves of a character, which no file can hold."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "half",
    [
        Experiment("name\ud800", "python t.py"),
        Experiment("cmd", "python t.py --x=\udfff"),
        Experiment("value", "python t.py", [{"x": "\udc80"}]),
        Experiment("env", "python t.py", env_vars={"A": "\udc80"}),
        Experiment("inner", "python t.py", [{"x": ["\udc80"]}]),
    ],
)
