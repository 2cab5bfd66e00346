"""The example, with a configuration of three epochs, and with name and folder."""

from examples.trainers.rl_games import PONG, RUN_DESCRIPTION

__all__ = ["RUN_DESCRIPTION"]

PONG.cmd = PONG.cmd.replace("rl_games/configs/atari/ppo_pong.yaml", "cartpole.yaml")
RUN_DESCRIPTION.experiment_arg_name = "name"
RUN_DESCRIPTION.experiment_dir_arg_name = "folder"
