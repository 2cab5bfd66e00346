#: pbt-compile repeat/date_in_run_name.py
#: exit 3
#: error PBT224 at repeat/date_in_run_name.py:10
"""A run name that holds the day: two loads of one day agree."""

from datetime import date

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(f"ant_{date.today()}", [Experiment("ant", "python train.py")])  # noqa: DTZ011
