#: pbt-compile written/blanks_in_all.py
#: exit 0, 3 jobs in n
#: note PBT303 at written/blanks_in_all.py:13
#: first 00_a in n/a_
#:   $ python t.py --experiment=00_a --train_dir=./train_dir/n/a_
#: last 00_c in n/c_
#:   $ python t.py --experiment=00_c --train_dir=./train_dir/n/c_
"""A blank too many in three experiments is one note."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "n", [Experiment(name, "python  t.py") for name in ("a", "b", "c")]
)
