#: pbt-compile paths/pbt_baseline_launcher.py
#: exit 1
#: error PBT101 at paths/pbt_baseline_launcher.py:6
"""All that can be imported from this path, on a machine without the package."""

import pbt_baseline.launcher
from pbt_baseline.launcher.run_description import (
    Experiment,
    ParamGenerator,
    ParamGrid,
    ParamList,
    RunDescription,
)

assert issubclass(ParamGrid, ParamGenerator) and issubclass(ParamList, ParamGenerator)

RUN_DESCRIPTION = RunDescription(
    "pbt_baseline_launcher",
    [
        Experiment("grid", "python t.py", ParamGrid([("a", [1])]).generate_params()),
        Experiment("list", "python t.py", ParamList([{"b": 2}]).generate_params()),
    ],
)
