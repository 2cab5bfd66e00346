"""rl_games' own `runner.py`: argparse; name and folder are in the file that `--file` names."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("num_actors", [16])])
PONG = Experiment(
    "pong",
    "python runner.py --train --file rl_games/configs/atari/ppo_pong.yaml "
    "--wandb-project-name {name}",
    GRID.generate_params(),
)
RUN_DESCRIPTION = RunDescription("rl_games", [PONG], None, None, argument_style="argparse")
