#: pbt-compile odd/separators.py
#: exit 3
#: error PBT103 at odd/separators.py:12
#: error PBT103 at odd/separators.py:13
"""Names that the original cannot shorten (D7)."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "separators",
    [
        Experiment("double", "python t.py", [{"a__b": 1}]),
        Experiment("front", "python t.py", [{"_a": 1}]),
        Experiment("fine", "python t.py", [{"a_": 1, "ab.cd-ef_gh": 2}]),
    ],
)
