from isaacgymenvs.pbt.experiments.run_utils import seeds
from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", seeds(3)), ("task", ["Ant"])])

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python -m train", _params.generate_params(randomize=False))]
)
