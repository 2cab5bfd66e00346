#: pbt-compile written/quotes_inside.py
#: exit 0, 1 job in q
#: warning PBT302 at written/quotes_inside.py:12
#: first 00_e in q/e_
#:   $ python t.py +note=abc experiment=00_e hydra.run.dir=./train_dir/q/e_
"""Quotes that are not around the whole value group words, as in a shell."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "q",
    [Experiment("e", "python t.py", [{"+note": "a'b'c"}])],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
