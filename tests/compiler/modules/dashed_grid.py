"""As with Sample-Factory: `--` everywhere, a grid with tuple names, own environment."""

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
