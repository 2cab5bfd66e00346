"""A temporary folder in a command."""

import tempfile

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", f"python train.py --cache={tempfile.mkdtemp()}")]
)
