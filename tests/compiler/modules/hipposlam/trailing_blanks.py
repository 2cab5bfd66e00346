#: pbt-compile hipposlam/trailing_blanks.py
#: exit 0, 1 job in slam
#: note PBT303 at hipposlam/trailing_blanks.py:16
#: first 00_slam_see_1 in slam/slam_
#:   $ python -m slam.train --env=nav --hippo_n_feature=64 --seed=1 --experiment=00_slam_see_1
#:     --train_dir=./train_dir/slam/slam_
"""Commands that are put together a piece at a time, each piece with its blank."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_cli = "python -m slam.train "
_cli += "--env=nav "
_cli += "--hippo_n_feature=64 "

RUN_DESCRIPTION = RunDescription(
    "slam", experiments=[Experiment("slam", _cli, ParamGrid([("seed", [1])]).generate_params())]
)
