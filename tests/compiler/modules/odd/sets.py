#: pbt-compile odd/sets.py
#: exit 3
#: error PBT120 at odd/sets.py
#:
#: pbt-compile odd/sets.py --seed 3
#: exit 0, 1 job in sets
#: first 00_s_lay_norm+pool+conv+attention+dense in sets/s_
#:   $ python t.py --layers=norm+pool+conv+attention+dense
#:     --experiment=00_s_lay_norm+pool+conv+attention+dense --train_dir=./train_dir/sets/s_
"""The order of a set of texts is another in every process."""

from pbt_tui import Experiment, RunDescription

_layers = {"conv", "dense", "attention", "pool", "norm"}

RUN_DESCRIPTION = RunDescription(
    "sets", [Experiment("s", "python t.py", [{"layers": "+".join(_layers)}])]
)
