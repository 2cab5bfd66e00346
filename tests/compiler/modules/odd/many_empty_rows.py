#: pbt-compile odd/many_empty_rows.py
#: exit 0, 4 jobs in rows
#: first 00_r in rows/r_
#:   $ python t.py --experiment=00_r --train_dir=./train_dir/rows/r_
#: last 03_r_b_2_a_3 in rows/r_
#:   $ python t.py --b=2 --a=3 --experiment=03_r_b_2_a_3 --train_dir=./train_dir/rows/r_
"""Parameters of other names in every row, and none."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "rows", [Experiment("r", "python t.py", [{}, {"a": 1}, {}, {"b": 2, "a": 3}])]
)
