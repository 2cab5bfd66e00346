#: pbt-compile repeat/hour_in_run_name.py
#: exit 3
#: error PBT224 at repeat/hour_in_run_name.py:11
"""A run name that holds the hour, by a class that was imported by name."""

from datetime import datetime

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    f"ant_{datetime.now():%Hh}",
    [Experiment("ant", "python train.py")],  # noqa: DTZ005
)
