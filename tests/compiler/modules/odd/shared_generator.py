#: pbt-compile odd/shared_generator.py
#: exit 3
#: error PBT107 at odd/shared_generator.py:12
"""One generator for two experiments: the second gets nothing (D2)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", [1, 2])]).generate_params()

RUN_DESCRIPTION = RunDescription(
    "shared",
    [Experiment("one", "python t.py", _params), Experiment("two", "python t.py", _params)],
)
