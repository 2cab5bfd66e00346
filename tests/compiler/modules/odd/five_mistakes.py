#: pbt-compile odd/five_mistakes.py
#: exit 3
#: error PBT106 at odd/five_mistakes.py:13
#: error PBT107 at odd/five_mistakes.py:15
#: error PBT301 at odd/five_mistakes.py:16
#: error PBT201 at odd/five_mistakes.py:18
#: error PBT306 at odd/five_mistakes.py:19
from pbt_tui import Experiment, ParamGrid, RunDescription

shared = ParamGrid([("seed", [1, 2])]).generate_params()

EXPERIMENTS = [
    Experiment("empty", "python train.py", ParamGrid([("seed", [])]).generate_params()),
    Experiment("first", "python train.py", shared),
    Experiment("second", "python train.py", shared),
    Experiment("quote", "python train.py --note='never closed"),
    Experiment("twin", "python train.py --a=1"),
    Experiment("twin", "python train.py --a=2"),
    Experiment("script", "train.py --env=ant"),
]

RUN_DESCRIPTION = RunDescription("wrong", EXPERIMENTS)
