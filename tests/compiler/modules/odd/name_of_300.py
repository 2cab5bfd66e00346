#: pbt-compile odd/name_of_300.py
#: exit 3
#: error PBT205 at odd/name_of_300.py:11
#: warning PBT204 at odd/name_of_300.py:11
"""A name that no file system takes, and an experiment that is fine."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "long",
    [Experiment("n" * 300, "python t.py"), Experiment("fine", "python t.py", [{"v": "x" * 240}])],
)
