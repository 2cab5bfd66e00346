#: pbt-compile sf/neighbours.py
#: exit 0, 1 job in voxel_v82
#: first 00_voxel_v82_see_5 in voxel_v82/voxel_v82_
#:   $ python -m sf.train --seed=5 --experiment=00_voxel_v82_see_5
#:     --train_dir=./train_dir/voxel_v82/voxel_v82_
"""What else such modules import from Sample-Factory: a log, a version, words for flags."""

from sample_factory.launcher.launcher_utils import seeds
from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription
from sample_factory.utils.algo_version import ALGO_VERSION
from sample_factory.utils.utils import log, str2bool

log.debug("version %d", ALGO_VERSION)
assert str2bool("True") is True
assert all(1_000_000 <= seed < 9_999_999 for seed in seeds(100))

RUN_DESCRIPTION = RunDescription(
    f"voxel_v{ALGO_VERSION}",
    experiments=[
        Experiment(
            f"voxel_v{ALGO_VERSION}", "python -m sf.train", ParamGrid([("seed", [5])]).generate_params()
        )
    ],
)
