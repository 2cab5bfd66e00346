#: pbt-compile paths/pbt_baseline_launcher.py
#: exit 0, 2 jobs in pbt_baseline_launcher
#: first 00_grid_a_1 in pbt_baseline_launcher/grid_
#:   $ python t.py --a=1 --experiment=00_grid_a_1
#:     --train_dir=./train_dir/pbt_baseline_launcher/grid_
#: last 00_list_b_2 in pbt_baseline_launcher/list_
#:   $ python t.py --b=2 --experiment=00_list_b_2
#:     --train_dir=./train_dir/pbt_baseline_launcher/list_
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
