#: pbt-compile sf/no_grid.py
#: exit 0, 1 job in none
#: first 00_plain in none/plain_
#:   $ python -m sf.train --experiment=00_plain --train_dir=./train_dir/none/plain_
"""No grid at all."""

from sample_factory.launcher.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("none", experiments=[Experiment("plain", "python -m sf.train")])
