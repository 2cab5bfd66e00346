#: pbt-compile odd/half_character_inside.py
#: exit 0, 1 job in half
#: warning PBT302 at odd/half_character_inside.py:13
#: warning PBT304 at odd/half_character_inside.py:13
#: first 00_half in half/half_
#:   $ python t.py '--x=[\udc80,' '{\udc81:' '1}]' --experiment=00_half
#:     --train_dir=./train_dir/half/half_
"""Half a character inside of a list is written as Python shows it."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "half", [Experiment("half", "python t.py", [{"x": ["\udc80", {"\udc81": 1}]}])],
    customize_experiment_name=False,
)
