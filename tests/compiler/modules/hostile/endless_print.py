#: pbt-compile hostile/endless_print.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/endless_print.py:10
"""Never ends, and says so."""

import itertools

from pbt_tui import Experiment, RunDescription

for n in itertools.count(): print("\x1b[31mline", n)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
