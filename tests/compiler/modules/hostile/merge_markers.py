#: pbt-compile hostile/merge_markers.py
#: exit 1
#: error PBT101 at hostile/merge_markers.py:8
"""Committed with the markers of a merge."""

from pbt_tui import Experiment, RunDescription

<<<<<<< HEAD
SEEDS = [1]
=======
SEEDS = [2]
>>>>>>> other
