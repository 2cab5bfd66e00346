#: pbt-compile repeat/program_date.py
#: exit 3
#: error PBT120 at repeat/program_date.py:10
"""The output of a program that tells the time."""

import subprocess

from pbt_tui import Experiment, RunDescription

STAMP = subprocess.run(["date", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", f"python train.py --tag={STAMP}")])
