#: pbt-compile written/name_with_blank.py
#: exit 0, 1 job in r
#: warning PBT304 at written/name_with_blank.py:10
#: first '00_two words' in 'r/two words_'
#:   $ python t.py --experiment=00_two words --train_dir=./train_dir/r/two words_
"""A name that falls apart."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("r", [Experiment("two words", "python t.py")])
