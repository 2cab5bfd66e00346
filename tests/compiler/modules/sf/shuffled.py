#: pbt-compile sf/shuffled.py
#: exit 3
#: error PBT120 at sf/shuffled.py
#: error PBT120 at sf/shuffled.py
#:
#: pbt-compile sf/shuffled.py --seed 5
#: exit 0, 12 jobs in listed
#: first 00_listed_see_5_lr_0.001 in listed/listed_
#:   $ python t.py --seed=5 --lr=0.001 --experiment=00_listed_see_5_lr_0.001
#:     --train_dir=./train_dir/listed/listed_
#: last 11_listed_see_4_lr_0.0001 in listed/listed_
#:   $ python t.py --seed=4 --lr=0.0001 --experiment=11_listed_see_4_lr_0.0001
#:     --train_dir=./train_dir/listed/listed_
"""A list of parameters is shuffled unless it is told not to: another order at every import."""

from sample_factory.launcher.run_description import Experiment, ParamList, RunDescription

_params = ParamList([{"seed": seed, "lr": 10.0**-power} for seed in range(6) for power in (3, 4)])

RUN_DESCRIPTION = RunDescription(
    "listed", experiments=[Experiment("listed", "python t.py", _params.generate_params())]
)
