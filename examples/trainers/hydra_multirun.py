"""What `python train.py --multirun seed=1,2 optimizer=adam,sgd` sweeps, as jobs of their own."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("optimizer", ["adam", "sgd"]), ("+layers", [[64, 64]])])
TRAIN = Experiment("train", "python train.py hydra.job.name={name}", GRID.generate_params())
RUN_DESCRIPTION = RunDescription("sweep", [TRAIN], None, "hydra.run.dir", argument_style="hydra")
