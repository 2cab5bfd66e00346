#: pbt-compile repeat/user_in_run_name.py
#: exit 3
#: error PBT224 at repeat/user_in_run_name.py:10
"""A run name that holds the name of the user."""

import getpass

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(f"ant_{getpass.getuser()}", [Experiment("ant", "python train.py")])
