#: pbt-compile hostile/endless_generator.py --load_memory 256M
#: exit 1
#: error PBT101 at hostile/endless_generator.py:10
"""Parameters without end."""

import itertools

from pbt_tui import Experiment, RunDescription

Experiment("e", "python t.py", ({"n": n} for n in itertools.count()))

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
