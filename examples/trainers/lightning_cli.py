"""Lightning CLI: jsonargparse; the logger of `Trainer` takes name and folder."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid(
    [("seed_everything", [1, 2]), ("model.learning_rate", [1e-3]), ("model.layers", [[64, 64]])]
)
FIT = Experiment("fit", "python main.py fit --trainer.logger CSVLogger", GRID.generate_params())
RUN_DESCRIPTION = RunDescription(
    "lightning",
    [FIT],
    "trainer.logger.name",
    "trainer.logger.save_dir",
    argument_style="jsonargparse",
)
