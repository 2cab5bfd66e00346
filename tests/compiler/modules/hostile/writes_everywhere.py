#: pbt-compile hostile/writes_everywhere.py
#: exit 1
#: error PBT101 at hostile/writes_everywhere.py
"""Writes rubbish to all that is open."""

import os
from contextlib import suppress

from pbt_tui import Experiment, RunDescription

for descriptor in range(2048):
    with suppress(OSError):
        os.write(descriptor, b"rubbish \x1b[31m\x00\xff")

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
