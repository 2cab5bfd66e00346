#: pbt-compile repeat/is_the_class.py
#: exit 3
#: error PBT102 at repeat/is_the_class.py:9
"""The class where a description is meant."""

from pbt_tui import Experiment, RunDescription

EXPERIMENTS = [Experiment("ant", "python train.py")]
RUN_DESCRIPTION = RunDescription
