"""skrl, as Isaac Lab's `scripts/reinforcement_learning/skrl/train.py` starts it.

The script reads options with argparse, and hands what is left to Hydra.
"""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("agent.seed", [1, 2]), ("agent.agent.learning_rate", [3e-4])])
ANT = Experiment(
    "ant",
    "python scripts/reinforcement_learning/skrl/train.py --task Isaac-Ant-v0 --algorithm PPO "
    "--headless",
    GRID.generate_params(),
)
RUN_DESCRIPTION = RunDescription(
    "skrl",
    [ANT],
    "agent.agent.experiment.experiment_name",
    "agent.agent.experiment.directory",
    argument_style="hydra",
)
