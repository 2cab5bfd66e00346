#: pbt-compile hostile/writes_everywhere_for_ever.py
#: exit 1
#: error PBT101 at hostile/writes_everywhere_for_ever.py
"""Does not stop to do so."""

import os
from contextlib import suppress

from pbt_tui import Experiment, RunDescription

while True:
    for descriptor in range(3, 2048):
        with suppress(OSError):
            os.write(descriptor, b"0" * 65536)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
