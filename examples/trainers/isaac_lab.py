"""Isaac Lab 3.0 with rl_games: its command line, then overrides for Hydra.

Its script chooses the folder itself, below `logs/rl_games`. `++` sets a key that may not be there.
"""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("agent.params.seed", [1, 2]), ("env.scene.num_envs", [512])])
ANT = Experiment(
    "ant", "isaaclab train --rl_library rl_games --task Isaac-Ant-v0", GRID.generate_params()
)
RUN_DESCRIPTION = RunDescription(
    "lab",
    [ANT],
    "++agent.params.config.full_experiment_name",
    None,
    argument_style="hydra",
)
