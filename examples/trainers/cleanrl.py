"""CleanRL: scripts that read a dataclass with tyro, and write below `runs/`."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("learning-rate", [2.5e-4, 1e-3]), ("track", [False])])
PPO = Experiment("ppo", "python cleanrl/ppo.py --env-id CartPole-v1", GRID.generate_params())
RUN_DESCRIPTION = RunDescription("cleanrl", [PPO], "exp-name", None, argument_style="tyro")
