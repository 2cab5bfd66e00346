#: pbt-compile odd/run_called_dots.py
#: exit 3
#: error PBT220 at odd/run_called_dots.py:9
#: error PBT221 at odd/run_called_dots.py:9
"""A run that is called like the folder above."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("..", [Experiment("a", "python t.py")])
