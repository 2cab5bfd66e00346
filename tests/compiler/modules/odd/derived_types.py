#: pbt-compile odd/derived_types.py
#: exit 0, 2 jobs in derived
#: first 00_d in derived/d_
#:   $ python t.py --a=1 --b=3 --experiment=00_d --train_dir=./train_dir/derived/d_
#: last 01_d in derived/d_
#:   $ python t.py --a=2 --b=3 --experiment=01_d --train_dir=./train_dir/derived/d_
"""Types that are derived of the plain ones."""

from pbt_tui import Experiment, RunDescription

import collections
import enum


class Text(str):
    pass


class Row(dict):
    def items(self):
        return [(name, value + 1) for name, value in super().items()]


class Size(enum.IntEnum):
    BIG = 3


RUN_DESCRIPTION = RunDescription(
    Text("derived"),
    [
        Experiment(
            Text("d"),
            Text("python t.py"),
            [collections.OrderedDict(a=1, b=Size.BIG), Row(a=1, b=2)],
        )
    ],
    customize_experiment_name=False,
)
