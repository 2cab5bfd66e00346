#: pbt-compile sapg/from_flags.py
#: exit 0, 2 jobs in sapg
#: warning PBT302 at sapg/from_flags.py:31
#: first 00_sapg in sapg/sapg_
#:   $ python -m isaacgymenvs.train task=AllegroKuka headless=True wandb_entity=
#:     ++train.params.config.expl_type=mixed_expl '++train.params.config.use_others=[0,1]' ++seed=0
#:     experiment=00_sapg hydra.run.dir=./train_dir/sapg/sapg_
#: last 01_sapg in sapg/sapg_
#:   $ python -m isaacgymenvs.train task=AllegroKuka headless=True wandb_entity=
#:     ++train.params.config.expl_type=mixed_expl '++train.params.config.use_others=[0,1]' ++seed=1
#:     experiment=01_sapg hydra.run.dir=./train_dir/sapg/sapg_
"""The description is made from flags, which nobody gives here."""

import argparse

from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_parser = argparse.ArgumentParser()
_parser.add_argument("--num_seeds", type=int, default=2)
_parser.add_argument("--expl_type", default="mixed_expl")
_flags = _parser.parse_args()

_cli = (
    "python -m isaacgymenvs.train task=AllegroKuka headless=True wandb_entity='' "
    f"++train.params.config.expl_type={_flags.expl_type} ++train.params.config.use_others=[0,1]"
)

RUN_DESCRIPTION = RunDescription(
    "sapg",
    experiments=[
        Experiment(
            "sapg",
            _cli,
            ParamGrid([("seed", list(range(_flags.num_seeds)))]).generate_params(),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="++",
    customize_experiment_name=False,
)
