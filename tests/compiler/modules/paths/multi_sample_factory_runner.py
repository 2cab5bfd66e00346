#: pbt-compile paths/multi_sample_factory_runner.py
#: exit 0, 2 jobs in multi_sample_factory_runner
#: first 00_grid_a_1 in multi_sample_factory_runner/grid_
#:   $ python t.py --a=1 --experiment=00_grid_a_1
#:     --train_dir=./train_dir/multi_sample_factory_runner/grid_
#: last 00_list_b_2 in multi_sample_factory_runner/list_
#:   $ python t.py --b=2 --experiment=00_list_b_2
#:     --train_dir=./train_dir/multi_sample_factory_runner/list_
"""All that can be imported from this path, on a machine without the package."""

import multi_sample_factory.runner
from multi_sample_factory.runner.run_description import (
    Experiment,
    ParamGenerator,
    ParamGrid,
    ParamList,
    RunDescription,
)

assert issubclass(ParamGrid, ParamGenerator) and issubclass(ParamList, ParamGenerator)

RUN_DESCRIPTION = RunDescription(
    "multi_sample_factory_runner",
    [
        Experiment("grid", "python t.py", ParamGrid([("a", [1])]).generate_params()),
        Experiment("list", "python t.py", ParamList([{"b": 2}]).generate_params()),
    ],
)
