#: pbt-compile repeat/is_a_dictionary.py
#: exit 3
#: error PBT102 at repeat/is_a_dictionary.py:8
"""A dictionary where a description is meant."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = {"run_name": "ant", "experiments": [Experiment("ant", "python train.py")]}
RunDescription("ant", [])
