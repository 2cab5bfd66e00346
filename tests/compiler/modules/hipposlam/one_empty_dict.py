#: pbt-compile hipposlam/one_empty_dict.py
#: exit 0, 1 job in slam
#: first 00_slam in slam/slam_
#:   $ python -m slam.train --env=nav --experiment=00_slam --train_dir=./train_dir/slam/slam_
"""`[{}]` as parameters: one job without any."""

from sample_factory.launcher.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "slam", experiments=[Experiment("slam", "python -m slam.train --env=nav", [{}])]
)
