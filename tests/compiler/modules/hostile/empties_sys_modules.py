#: pbt-compile hostile/empties_sys_modules.py
#: exit 1
#: error PBT101 at hostile/empties_sys_modules.py
"""Forgets everything that was imported."""

import sys

from pbt_tui import Experiment, RunDescription

sys.modules.clear()
sys.meta_path.clear()
sys.path.clear()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
