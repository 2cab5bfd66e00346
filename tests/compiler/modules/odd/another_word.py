#: pbt-compile odd/another_word.py
#: exit 3
#: error PBT102 at odd/another_word.py
"""The description is called otherwise."""

from pbt_tui import Experiment, RunDescription

gridsearch = RunDescription("r", [Experiment("e", "python t.py")])
