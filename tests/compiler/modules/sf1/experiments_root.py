#: pbt-compile sf1/experiments_root.py
#: exit 0, 2 jobs in duel
#: first 00_duel_see_1111_env_doom_duel in duel/duel_
#:   $ python -m algorithms.train --seed=1111 --env=doom_duel
#:     --experiment=00_duel_see_1111_env_doom_duel --experiments_root=./train_dir/duel/duel_
#: last 01_duel_see_2222_env_doom_duel in duel/duel_
#:   $ python -m algorithms.train --seed=2222 --env=doom_duel
#:     --experiment=01_duel_see_2222_env_doom_duel --experiments_root=./train_dir/duel/duel_
"""Old names of arguments, as far as they can be said today."""

from runner.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", [1111, 2222]), ("env", ["doom_duel"])])

RUN_DESCRIPTION = RunDescription(
    "duel",
    experiments=[Experiment("duel", "python -m algorithms.train", _params.generate_params(False))],
    experiment_arg_name="--experiment",
    experiment_dir_arg_name="--experiments_root",
)
