#: pbt-compile sf/doom_mix.py
#: exit 0, 6 jobs in doom
#: first 00_basic_see_0_s.mod_True_a.rl_False_l.rat_0.0001 in doom/basic_
#:   with DOOM_PORT=40300
#:   $ python -m sf_examples.train --env=doom_basic --seed=0 --serial_mode=True --async_rl=False
#:     --learning_rate=0.0001 --experiment=00_basic_see_0_s.mod_True_a.rl_False_l.rat_0.0001
#:     --train_dir=./train_dir/doom/basic_
#: last 00_battle in doom/battle_
#:   $ python -m sf_examples.train --env=doom_battle --with_pbt=True --num_policies=8
#:     --experiment=00_battle --train_dir=./train_dir/doom/battle_
"""Tuple names that vary together, an own environment, no grid, an empty grid, a population."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [
        ("seed", [0, 11]),
        (("serial_mode", "async_rl"), [(True, False), (False, True)]),
        ("learning_rate", [1e-4]),
    ]
)

RUN_DESCRIPTION = RunDescription(
    "doom",
    experiments=[
        Experiment(
            "basic",
            "python -m sf_examples.train --env=doom_basic",
            _params.generate_params(randomize=False),
            env_vars={"DOOM_PORT": 40300},
        ),
        Experiment("bare", "python -m sf_examples.train --env=doom_bare"),
        Experiment(
            "battle",
            "python -m sf_examples.train --env=doom_battle --with_pbt=True --num_policies=8",
            ParamGrid([]).generate_params(randomize=False),
        ),
    ],
)
