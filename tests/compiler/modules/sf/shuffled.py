#: pbt-compile sf/shuffled.py
#: exit 3
#: error PBT120 at sf/shuffled.py
#: error PBT120 at sf/shuffled.py
#:
#: pbt-compile sf/shuffled.py --seed 5
#: exit 0, 12 jobs in listed
#: first 00_listed_see_10_lr_0.01 in listed/listed_
#:   $ python t.py --seed=10 --lr=0.01 --experiment=00_listed_see_10_lr_0.01
#:     --train_dir=./train_dir/listed/listed_
#: last 11_listed_see_9_lr_0.009 in listed/listed_
#:   $ python t.py --seed=9 --lr=0.009 --experiment=11_listed_see_9_lr_0.009
#:     --train_dir=./train_dir/listed/listed_
"""A list of parameters is shuffled unless it is told not to: another order at every import."""

from sample_factory.launcher.run_description import Experiment, ParamList, RunDescription

_params = ParamList([{"seed": n, "lr": n / 1000} for n in range(12)])

RUN_DESCRIPTION = RunDescription(
    "listed", experiments=[Experiment("listed", "python t.py", _params.generate_params())]
)
