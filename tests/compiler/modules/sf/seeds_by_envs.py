#: pbt-compile sf/seeds_by_envs.py
#: exit 0, 12 jobs in atari_mini
#: first 00_atari_mini_see_0_env_atari_pong in atari_mini/atari_mini_
#:   $ python -m sf_examples.atari.train_atari --algo=APPO --with_wandb=False --seed=0
#:     --env=atari_pong --experiment=00_atari_mini_see_0_env_atari_pong
#:     --train_dir=./train_dir/atari_mini/atari_mini_
#: last 11_atari_mini_see_3333_env_atari_beamrider in atari_mini/atari_mini_
#:   $ python -m sf_examples.atari.train_atari --algo=APPO --with_wandb=False --seed=3333
#:     --env=atari_beamrider --experiment=11_atari_mini_see_3333_env_atari_beamrider
#:     --train_dir=./train_dir/atari_mini/atari_mini_
"""A benchmark as most are: seeds times environments, the first name the slowest."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [
        ("seed", [0, 1111, 2222, 3333]),
        ("env", ["atari_pong", "atari_breakout", "atari_beamrider"]),
    ]
)
_experiments = [
    Experiment(
        "atari_mini",
        "python -m sf_examples.atari.train_atari --algo=APPO --with_wandb=False",
        _params.generate_params(randomize=False),
    )
]

RUN_DESCRIPTION = RunDescription("atari_mini", experiments=_experiments)
