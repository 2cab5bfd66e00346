#: pbt-compile odd/not_finite.py
#: exit 0, 3 jobs in inf
#: first 00_x_x_nan in inf/x_
#:   $ python t.py --x=nan --experiment=00_x_x_nan --train_dir=./train_dir/inf/x_
#: last 02_x_x_-inf in inf/x_
#:   $ python t.py --x=-inf --experiment=02_x_x_-inf --train_dir=./train_dir/inf/x_
"""Numbers that JSON cannot hold."""

from pbt_tui import Experiment, RunDescription

_rows = [{"x": float("nan")}, {"x": float("inf")}, {"x": float("-inf")}]

RUN_DESCRIPTION = RunDescription("inf", [Experiment("x", "python t.py", _rows)])
