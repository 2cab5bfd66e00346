"""Stable-Baselines3 Zoo: argparse with bare switches; it takes a folder, and no name."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("n-timesteps", [10_000]), ("progress", [False])])
PPO = Experiment(
    "ppo",
    "python -m rl_zoo3.train --algo ppo --env CartPole-v1 --log-folder {dir}/{name}",
    GRID.generate_params(),
)
RUN_DESCRIPTION = RunDescription("zoo", [PPO], None, None, argument_style="flags")
