from pbt_tui import Experiment, ParamGrid, RunDescription

grid = ParamGrid([("seed", [1, 2, 3])])
RUN_DESCRIPTION = RunDescription(
    "ant",
    experiments=[Experiment("ant", "echo train", grid.generate_params(randomize=False))],
)
