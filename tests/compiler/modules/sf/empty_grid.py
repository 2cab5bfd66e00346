#: pbt-compile sf/empty_grid.py
#: exit 0, 1 job in empty
#: first 00_empty in empty/empty_
#:   $ python -m sf.train --env=x --experiment=00_empty --train_dir=./train_dir/empty/empty_
"""A grid of nothing is one job, with the bare command."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "empty",
    experiments=[
        Experiment("empty", "python -m sf.train --env=x", ParamGrid([]).generate_params(False))
    ],
)
