#: pbt-compile written/operators_in_value.py
#: exit 0, 1 job in c
#: warning PBT304 at written/operators_in_value.py:16
#: warning PBT308 at written/operators_in_value.py:16
#: warning PBT304 at written/operators_in_value.py:16
#: warning PBT308 at written/operators_in_value.py:16
#: first 00_e in c/e_
#:   $ python t.py --keep=lr '>' 0.1 --note=a '#' b '--join=a|b;c' --experiment=00_e
#:     --train_dir=./train_dir/c/e_
"""A value that falls apart at its blanks, so that an operator stands alone."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "c",
    [Experiment("e", "python t.py", [{"keep": "lr > 0.1", "note": "a # b", "join": "a|b;c"}])],
    customize_experiment_name=False,
)
