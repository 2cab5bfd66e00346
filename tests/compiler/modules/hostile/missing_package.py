#: pbt-compile hostile/missing_package.py
#: exit 1
#: error PBT101 at hostile/missing_package.py:6
"""A package that is not installed."""

import torch_of_nowhere

from pbt_tui import Experiment, RunDescription


RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
