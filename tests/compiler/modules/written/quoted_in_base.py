#: pbt-compile written/quoted_in_base.py
#: exit 0, 1 job in q
#: warning PBT302 at written/quoted_in_base.py:12
#: first 00_e in q/e_
#:   $ python t.py +note=a,b experiment=00_e hydra.run.dir=./train_dir/q/e_
"""Quotes in a base command are the shell's; the hint keeps them."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "q",
    [Experiment("e", "python t.py +note='a,b'")],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
