"""RSL-RL, as Isaac Lab's `scripts/reinforcement_learning/rsl_rl/train.py` starts it."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("max_iterations", [300]), ("headless", [True])])
ANT = Experiment(
    "ant",
    "python scripts/reinforcement_learning/rsl_rl/train.py --task Isaac-Ant-v0 "
    "--experiment_name {dir}",
    GRID.generate_params(),
)
RUN_DESCRIPTION = RunDescription("rsl", [ANT], "run_name", None, argument_style="flags")
