"""Sample-Factory: argparse whose switches take a value. The defaults of pbt_tui are its own."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("serial_mode", [True]), ("encoder_mlp_layers", [[64, 64]])])
ANT = Experiment(
    "ant", "python -m sf_examples.train_gym_env --env=CartPole-v1", GRID.generate_params()
)
RUN_DESCRIPTION = RunDescription("sf", [ANT], argument_style="argparse")
