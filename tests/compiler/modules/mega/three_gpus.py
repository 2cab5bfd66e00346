#: pbt-compile mega/three_gpus.py
#: exit 0, 2 jobs in collect
#: first 00_collect_see_1111 in collect/collect_
#:   $ python -m megaverse_rl.train --train_for_seconds=360000 --algo=APPO --gamma=0.997
#:     --actor_worker_gpus 0 1 2 --env=Collect --seed=1111 --experiment=00_collect_see_1111
#:     --train_dir=./train_dir/collect/collect_
#: last 01_collect_see_2222 in collect/collect_
#:   $ python -m megaverse_rl.train --train_for_seconds=360000 --algo=APPO --gamma=0.997
#:     --actor_worker_gpus 0 1 2 --env=Collect --seed=2222 --experiment=01_collect_see_2222
#:     --train_dir=./train_dir/collect/collect_
"""A flag with several values in the base command."""

from sample_factory.runner.run_description import Experiment, ParamGrid, RunDescription

_cli = (
    "python -m megaverse_rl.train --train_for_seconds=360000 --algo=APPO --gamma=0.997 "
    "--actor_worker_gpus 0 1 2 --env=Collect"
)

RUN_DESCRIPTION = RunDescription(
    "collect",
    experiments=[
        Experiment("collect", _cli, ParamGrid([("seed", [1111, 2222])]).generate_params(False))
    ],
)
