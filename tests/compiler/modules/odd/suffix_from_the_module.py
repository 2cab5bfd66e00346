#: pbt-compile odd/suffix_from_the_module.py
#: exit 0, 1 job in sfx
#: first 00_e in sfx/e_v3
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/sfx/e_v3
#:
#: pbt-compile odd/suffix_from_the_module.py --experiment_suffix v4
#: exit 0, 1 job in sfx
#: first 00_e in sfx/e_v4
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/sfx/e_v4
"""A suffix that the module sets itself."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("sfx", [Experiment("e", "python t.py")])
RUN_DESCRIPTION.experiment_suffix = "v3"
