#: pbt-compile odd/array_scalars.py
#: exit 0, 2 jobs in scalars
#: first 00_s_lr_0.1_see_7 in scalars/s_
#:   $ python t.py --lr=0.1 --seed=7 --experiment=00_s_lr_0.1_see_7
#:     --train_dir=./train_dir/scalars/s_
#: last 01_s_lr_0.1_see_4611686018427387904 in scalars/s_
#:   $ python t.py --lr=0.1 --seed=4611686018427387904
#:     --experiment=01_s_lr_0.1_see_4611686018427387904 --train_dir=./train_dir/scalars/s_
"""Scalars of an array library, which is not installed here."""

from pbt_tui import Experiment, ParamGrid, RunDescription

class float64(float):
    shape = ()

    def item(self):
        return float(self)


class int64:
    shape = ()

    def __init__(self, value):
        self.value = value

    def __str__(self):
        return str(self.value)

    def item(self):
        return self.value


_params = ParamGrid([("lr", [float64(0.1)]), ("seed", [int64(7), int64(2**62)])])

RUN_DESCRIPTION = RunDescription(
    "scalars", [Experiment("s", "python t.py", _params.generate_params())]
)
