#: pbt-compile repeat/host_in_run_name.py
#: exit 3
#: error PBT224 at repeat/host_in_run_name.py:11
"""A run name that holds the host name."""

import platform

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant_" + platform.node().split(".")[0], [Experiment("ant", "python train.py")]
)
