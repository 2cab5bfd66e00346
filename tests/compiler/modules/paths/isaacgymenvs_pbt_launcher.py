#: pbt-compile paths/isaacgymenvs_pbt_launcher.py
#: exit 0, 2 jobs in isaacgymenvs_pbt_launcher
#: first 00_grid_a_1 in isaacgymenvs_pbt_launcher/grid_
#:   $ python t.py --a=1 --experiment=00_grid_a_1
#:     --train_dir=./train_dir/isaacgymenvs_pbt_launcher/grid_
#: last 00_list_b_2 in isaacgymenvs_pbt_launcher/list_
#:   $ python t.py --b=2 --experiment=00_list_b_2
#:     --train_dir=./train_dir/isaacgymenvs_pbt_launcher/list_
"""All that can be imported from this path, on a machine without the package."""

import isaacgymenvs.pbt.launcher
from isaacgymenvs.pbt.launcher.run_description import (
    Experiment,
    ParamGenerator,
    ParamGrid,
    ParamList,
    RunDescription,
)

assert issubclass(ParamGrid, ParamGenerator) and issubclass(ParamList, ParamGenerator)

RUN_DESCRIPTION = RunDescription(
    "isaacgymenvs_pbt_launcher",
    [
        Experiment("grid", "python t.py", ParamGrid([("a", [1])]).generate_params()),
        Experiment("list", "python t.py", ParamList([{"b": 2}]).generate_params()),
    ],
)
