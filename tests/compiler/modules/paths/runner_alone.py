#: pbt-compile paths/runner_alone.py
#: exit 0, 2 jobs in runner_alone
#: first 00_grid_a_1 in runner_alone/grid_
#:   $ python t.py --a=1 --experiment=00_grid_a_1 --train_dir=./train_dir/runner_alone/grid_
#: last 00_list_b_2 in runner_alone/list_
#:   $ python t.py --b=2 --experiment=00_list_b_2 --train_dir=./train_dir/runner_alone/list_
"""All that can be imported from this path, on a machine without the package."""

import runner
from runner.run_description import (
    Experiment,
    ParamGenerator,
    ParamGrid,
    ParamList,
    RunDescription,
)

assert issubclass(ParamGrid, ParamGenerator) and issubclass(ParamList, ParamGenerator)

RUN_DESCRIPTION = RunDescription(
    "runner_alone",
    [
        Experiment("grid", "python t.py", ParamGrid([("a", [1])]).generate_params()),
        Experiment("list", "python t.py", ParamList([{"b": 2}]).generate_params()),
    ],
)
