#: pbt-compile sf1/old_keywords.py
#: exit 1
#: error PBT101 at sf1/old_keywords.py:11
"""The API of 2020: limits stood in the description. The original of today cannot import it."""

from runner.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", [1111])])
_experiments = [Experiment("battle", "python -m algorithms.train", _params.generate_params(False))]

RUN_DESCRIPTION = RunDescription(
    "doom_battle",
    experiments=_experiments,
    use_gpus=2,
    experiments_per_gpu=2,
    max_parallel=4,
)
