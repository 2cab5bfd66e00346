#: pbt-compile sapg/key_given_twice.py
#: exit 0, 1 job in sapg
#: note PBT305 at sapg/key_given_twice.py:13
#: first 00_sapg in sapg/sapg_
#:   $ python train.py task=Hand num_envs=8192 ++num_envs=24576 experiment=00_sapg
#:     hydra.run.dir=./train_dir/sapg/sapg_
"""An override of a key that the base command has already: the last one wins, with `++` or not."""

from isaacgymenvs.pbt.launcher.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "sapg",
    [Experiment("sapg", "python train.py task=Hand num_envs=8192", [{"++num_envs": 24576}])],
    "experiment",
    "hydra.run.dir",
    False,
    "",
)
