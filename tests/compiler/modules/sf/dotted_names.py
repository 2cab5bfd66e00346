#: pbt-compile sf/dotted_names.py
#: exit 0, 2 jobs in battle_v2.1
#: first 00_battle.d4_v2.1_e.f.ski_4_e.f.sta_1_e.f.ste_2 in battle_v2.1/battle.d4_v2.1_
#:   $ python -m sf.train --env.frame-skip=4 --env.frame_stack=1 --env.frame_step=2
#:     --experiment=00_battle.d4_v2.1_e.f.ski_4_e.f.sta_1_e.f.ste_2
#:     --train_dir=./train_dir/battle_v2.1/battle.d4_v2.1_
#: last 01_battle.d4_v2.1_e.f.ski_4_e.f.sta_4_e.f.ste_2 in battle_v2.1/battle.d4_v2.1_
#:   $ python -m sf.train --env.frame-skip=4 --env.frame_stack=4 --env.frame_step=2
#:     --experiment=01_battle.d4_v2.1_e.f.ski_4_e.f.sta_4_e.f.ste_2
#:     --train_dir=./train_dir/battle_v2.1/battle.d4_v2.1_
"""Dots in the names of experiments and of parameters, and three that begin alike."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [("env.frame-skip", [4]), ("env.frame_stack", [1, 4]), ("env.frame_step", [2])]
)

RUN_DESCRIPTION = RunDescription(
    "battle_v2.1",
    experiments=[
        Experiment("battle.d4_v2.1", "python -m sf.train", _params.generate_params(False))
    ],
)
