#: pbt-compile sf1/sf_format.py
#: exit 1
#: error PBT101 at sf1/sf_format.py:8
"""Another of its keywords."""

from multi_sample_factory.runner.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "marl", [Experiment("marl", "python -m train")], experiment_dirs_sf_format=True
)
