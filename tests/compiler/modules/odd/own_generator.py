#: pbt-compile odd/own_generator.py
#: exit 0, 3 jobs in own
#: first 00_own_see_0 in own/own_
#:   $ python t.py --seed=0 --experiment=00_own_see_0 --train_dir=./train_dir/own/own_
#: last 02_own_see_2 in own/own_
#:   $ python t.py --seed=2 --experiment=02_own_see_2 --train_dir=./train_dir/own/own_
"""A generator function as parameters."""

from pbt_tui import Experiment, RunDescription

def params():
    for seed in range(3):
        yield {"seed": seed}


RUN_DESCRIPTION = RunDescription("own", [Experiment("own", "python t.py", params())])
