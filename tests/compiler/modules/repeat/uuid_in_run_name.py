#: pbt-compile repeat/uuid_in_run_name.py
#: exit 3
#: error PBT224 at repeat/uuid_in_run_name.py:11
"""A run name that holds a part of a UUID."""

import uuid

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    f"ant_{uuid.uuid4().hex[:8]}", [Experiment("ant", "python train.py")]
)
