#: pbt-compile mega/eighty_jobs.py
#: exit 0, 80 jobs in mega8
#: first 00_one_see_1111_env_TowerBuilding in mega8/one_
#:   $ python -m megaverse_rl.train --actor_worker_gpus 0 --megaverse_num_agents_per_env=1
#:     --seed=1111 --env=TowerBuilding --experiment=00_one_see_1111_env_TowerBuilding
#:     --train_dir=./train_dir/mega8/one_
#: last 39_four_see_5555_env_Rearrange in mega8/four_
#:   $ python -m megaverse_rl.train --actor_worker_gpus 0 --megaverse_num_agents_per_env=4
#:     --seed=5555 --env=Rearrange --experiment=39_four_see_5555_env_Rearrange
#:     --train_dir=./train_dir/mega8/four_
"""Two experiments of forty jobs, each with a number of agents."""

from sample_factory.runner.run_description import Experiment, ParamGrid, RunDescription

_envs = [
    "TowerBuilding", "ObstaclesEasy", "ObstaclesHard", "Collect", "Sokoban", "HexMemory",
    "HexExplore", "Rearrange",
]
_params = ParamGrid([("seed", [1111 * n for n in range(1, 6)]), ("env", _envs)])
_cli = "python -m megaverse_rl.train --actor_worker_gpus 0 --megaverse_num_agents_per_env={}"

RUN_DESCRIPTION = RunDescription(
    "mega8",
    experiments=[
        Experiment("one", _cli.format(1), _params.generate_params(randomize=False)),
        Experiment("four", _cli.format(4), _params.generate_params(randomize=False)),
    ],
)
