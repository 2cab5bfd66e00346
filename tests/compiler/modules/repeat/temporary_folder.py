#: pbt-compile repeat/temporary_folder.py
#: exit 3
#: error PBT120 at repeat/temporary_folder.py:11
"""A temporary folder in a command."""

import tempfile

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", f"python train.py --cache={tempfile.mkdtemp()}")]
)
