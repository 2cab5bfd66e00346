#: pbt-compile hostile/allocates_at_once.py
#: exit 1
#: error PBT101 at hostile/allocates_at_once.py:9
"""Takes more memory than there is."""


from pbt_tui import Experiment, RunDescription

HOARD = bytearray(1 << 50)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
