#: pbt-compile hipposlam/quoted.py
#: exit 0, 1 job in slam
#: warning PBT302 at hipposlam/quoted.py:19
#: first 00_slam_see_1 in slam/slam_
#:   $ python -m slam.train --env=nav '--encoder_note=two words' --depth=3 --seed=1
#:     --experiment=00_slam_see_1 --train_dir=./train_dir/slam/slam_
"""Everything through `shlex.quote`: the quotes mean something here, and nothing originally."""

import shlex

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_options = {"--env": "nav", "--encoder_note": "two words", "--depth": "3"}
_cli = "python -m slam.train " + " ".join(
    f"{name}={shlex.quote(value)}" for name, value in _options.items()
)

RUN_DESCRIPTION = RunDescription(
    "slam", experiments=[Experiment("slam", _cli, ParamGrid([("seed", [1])]).generate_params())]
)
