"""Isaac Lab 3.0 with rl_games: its command line, then overrides for Hydra."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("agent.params.seed", [1, 2]), ("env.scene.num_envs", [512])])
ANT = Experiment(
    "ant", "isaaclab train --rl_library rl_games --task Isaac-Ant-v0", GRID.generate_params()
)
RUN_DESCRIPTION = RunDescription(
    "lab",
    [ANT],
    "agent.params.config.full_experiment_name",
    "agent.params.config.train_dir",
    argument_style="hydra",
)
