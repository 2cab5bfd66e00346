#: pbt-compile odd/nested_deeply.py
#: exit 3
#: error PBT103 at odd/nested_deeply.py:12
"""Lists in lists, far deeper than anybody reads."""

from pbt_tui import Experiment, RunDescription

_deep = []
for _ in range(5000):
    _deep = [_deep]

RUN_DESCRIPTION = RunDescription("deep", [Experiment("deep", "python t.py", [{"a": _deep}])])
