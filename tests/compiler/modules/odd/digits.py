#: pbt-compile odd/digits.py
#: exit 3
#: error PBT103 at odd/digits.py:12
"""A number with more digits than Python writes."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "digits",
    [
        Experiment("small", "python t.py", [{"n": 10**40}]),
        Experiment("large", "python t.py", [{"n": 1}, {"n": 10**5000}]),
    ],
)
