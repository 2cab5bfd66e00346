#: pbt-compile written/stuck_settings.py
#: exit 0, 1 job in s
#: warning PBT309 at written/stuck_settings.py:12
#: first 00_e in s/e_
#:   $ python t.py headless=Truetask=Ant experiment=00_e hydra.run.dir=./train_dir/s/e_
"""The same with settings of Hydra."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "s",
    [Experiment("e", "python t.py headless=Truetask=Ant")],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
