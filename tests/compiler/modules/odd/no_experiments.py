#: pbt-compile odd/no_experiments.py
#: exit 3
#: error PBT105 at odd/no_experiments.py:8
"""A run of nothing."""

from pbt_tui import RunDescription

RUN_DESCRIPTION = RunDescription("nothing", [])
