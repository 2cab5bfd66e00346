#: pbt-compile sf/four_ports.py
#: exit 0, 8 jobs in doom_four
#: first 00_doom_basic_see_1 in doom_four/doom_basic_
#:   with DOOM_DEFAULT_UDP_PORT=35300
#:   $ python -m sf_examples.vizdoom.train_vizdoom --train_for_seconds=3600 --env=doom_basic
#:     --seed=1 --experiment=00_doom_basic_see_1 --train_dir=./train_dir/doom_four/doom_basic_
#: last 01_doom_my_way_see_2 in doom_four/doom_my_way_
#:   with DOOM_DEFAULT_UDP_PORT=50300
#:   $ python -m sf_examples.vizdoom.train_vizdoom --train_for_seconds=3600 --env=doom_my_way
#:     --seed=2 --experiment=01_doom_my_way_see_2 --train_dir=./train_dir/doom_four/doom_my_way_
#:
#: pbt-compile sf/four_ports.py --train_dir /data/runs
#: exit 0, 8 jobs in doom_four
#: first 00_doom_basic_see_1 in doom_four/doom_basic_
#:   with DOOM_DEFAULT_UDP_PORT=35300
#:   $ python -m sf_examples.vizdoom.train_vizdoom --train_for_seconds=3600 --env=doom_basic
#:     --seed=1 --experiment=00_doom_basic_see_1 --train_dir=/data/runs/doom_four/doom_basic_
#: last 01_doom_my_way_see_2 in doom_four/doom_my_way_
#:   with DOOM_DEFAULT_UDP_PORT=50300
#:   $ python -m sf_examples.vizdoom.train_vizdoom --train_for_seconds=3600 --env=doom_my_way
#:     --seed=2 --experiment=01_doom_my_way_see_2 --train_dir=/data/runs/doom_four/doom_my_way_
"""Four experiments on one machine, each with UDP ports of its own."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_cli = "python -m sf_examples.vizdoom.train_vizdoom --train_for_seconds=3600"
_params = ParamGrid([("seed", [1, 2])])
_experiments = [
    Experiment(
        f"doom_{env}",
        f"{_cli} --env=doom_{env}",
        _params.generate_params(randomize=False),
        env_vars={"DOOM_DEFAULT_UDP_PORT": str(port)},
    )
    for env, port in [("basic", 35300), ("duel", 40300), ("deathmatch", 45300), ("my_way", 50300)]
]

RUN_DESCRIPTION = RunDescription("doom_four", experiments=_experiments)
