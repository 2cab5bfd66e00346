"""IsaacGymEnvs: Hydra."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid([("seed", [1, 2]), ("headless", [True])])
ANT = Experiment("ant", "python -m isaacgymenvs.train task=Ant", GRID.generate_params())
RUN_DESCRIPTION = RunDescription(
    "ige", [ANT], "experiment", "hydra.run.dir", argument_style="hydra"
)
