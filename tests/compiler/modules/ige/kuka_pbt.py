#: pbt-compile ige/kuka_pbt.py
#: exit 0, 8 jobs in kuka_v1
#: note PBT305 at ige/kuka_pbt.py:45
#: note PBT421 at ige/kuka_pbt.py
#: first 00_kuka_v1 in kuka_v1/kuka_v1_
#:   $ python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka pbt.num_policies=8 headless=True
#:     pbt.workspace=workspace_kuka_v1 seed=-1 pbt.policy_idx=0 experiment=00_kuka_v1
#:     hydra.run.dir=./train_dir/kuka_v1/kuka_v1_
#: last 07_kuka_v1 in kuka_v1/kuka_v1_
#:   $ python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka pbt.num_policies=8 headless=True
#:     pbt.workspace=workspace_kuka_v1 seed=-1 pbt.policy_idx=7 experiment=07_kuka_v1
#:     hydra.run.dir=./train_dir/kuka_v1/kuka_v1_
#:
#: pbt-compile ige/kuka_pbt.py --experiment_suffix kuka.1
#: exit 0, 8 jobs in kuka_v1
#: note PBT305 at ige/kuka_pbt.py:45
#: note PBT421 at ige/kuka_pbt.py
#: first 00_kuka_v1 in kuka_v1/kuka_v1_kuka.1
#:   $ python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka pbt.num_policies=8 headless=True
#:     pbt.workspace=workspace_kuka_v1 seed=-1 pbt.policy_idx=0 experiment=00_kuka_v1
#:     hydra.run.dir=./train_dir/kuka_v1/kuka_v1_kuka.1
#: last 07_kuka_v1 in kuka_v1/kuka_v1_kuka.1
#:   $ python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka pbt.num_policies=8 headless=True
#:     pbt.workspace=workspace_kuka_v1 seed=-1 pbt.policy_idx=7 experiment=07_kuka_v1
#:     hydra.run.dir=./train_dir/kuka_v1/kuka_v1_kuka.1
#:
#: pbt-compile ige/kuka_pbt.py --max_parallel 4
#: exit 3
#: note PBT305 at ige/kuka_pbt.py:45
#: error PBT401 at ige/kuka_pbt.py:45
"""A population of eight; the base command, which says `seed` too, is a sibling's."""

from isaacgymenvs.pbt.experiments.run_utils import version
from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription
from kuka_base import kuka_eight_cli

_name = f"kuka_{version}"
_params = ParamGrid([("pbt.policy_idx", list(range(8)))])

print("described", _name)

RUN_DESCRIPTION = RunDescription(
    _name,
    experiments=[
        Experiment(
            _name,
            kuka_eight_cli + f" pbt.workspace=workspace_{_name} seed=-1",
            _params.generate_params(randomize=False),
        ),
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
