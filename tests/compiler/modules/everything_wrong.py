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
