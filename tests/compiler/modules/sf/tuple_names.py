#: pbt-compile sf/tuple_names.py
#: exit 0, 4 jobs in modes
#: first 00_modes_s.mod_True_a.rl_False_n.wor_8_n.e.p.wor_4_w.n.spl_2 in modes/modes_
#:   $ python -m sf.train --serial_mode=True --async_rl=False --num_workers=8
#:     --num_envs_per_worker=4 --worker_num_splits=2
#:     --experiment=00_modes_s.mod_True_a.rl_False_n.wor_8_n.e.p.wor_4_w.n.spl_2
#:     --train_dir=./train_dir/modes/modes_
#: last 03_modes_s.mod_False_a.rl_True_n.wor_1_n.e.p.wor_32_w.n.spl_1 in modes/modes_
#:   $ python -m sf.train --serial_mode=False --async_rl=True --num_workers=1
#:     --num_envs_per_worker=32 --worker_num_splits=1
#:     --experiment=03_modes_s.mod_False_a.rl_True_n.wor_1_n.e.p.wor_32_w.n.spl_1
#:     --train_dir=./train_dir/modes/modes_
"""Two modes of one trainer, each with the settings that belong to it."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [
        (("serial_mode", "async_rl"), ([True, False], [False, True])),
        (("num_workers", "num_envs_per_worker", "worker_num_splits"), [(8, 4, 2), (1, 32, 1)]),
    ]
)

RUN_DESCRIPTION = RunDescription(
    "modes",
    experiments=[Experiment("modes", "python -m sf.train", _params.generate_params(False))],
)
