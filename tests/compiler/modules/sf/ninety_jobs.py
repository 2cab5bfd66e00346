#: pbt-compile sf/ninety_jobs.py
#: exit 0, 90 jobs in ninety
#: first 00_grid_see_0_env_ant_gam_0.9 in ninety/grid_
#:   $ python -m sf.train --seed=0 --env=ant --gamma=0.9 --experiment=00_grid_see_0_env_ant_gam_0.9
#:     --train_dir=./train_dir/ninety/grid_
#: last 89_grid_see_9_env_walker_gam_0.99 in ninety/grid_
#:   $ python -m sf.train --seed=9 --env=walker --gamma=0.99
#:     --experiment=89_grid_see_9_env_walker_gam_0.99 --train_dir=./train_dir/ninety/grid_
"""Ninety jobs of one experiment."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [("seed", list(range(10))), ("env", ["ant", "hopper", "walker"]), ("gamma", [0.9, 0.95, 0.99])]
)

RUN_DESCRIPTION = RunDescription(
    "ninety", experiments=[Experiment("grid", "python -m sf.train", _params.generate_params(False))]
)
