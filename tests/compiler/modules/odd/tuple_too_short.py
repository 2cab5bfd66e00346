#: pbt-compile odd/tuple_too_short.py
#: exit 3
#: error PBT103 at odd/tuple_too_short.py:12
"""A tuple with a value too few (D6)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

_params = ParamGrid([(("a", "b"), [(1, 2), (3,)])])

RUN_DESCRIPTION = RunDescription(
    "short",
    [Experiment("short", "python t.py", _params.generate_params())],
)
