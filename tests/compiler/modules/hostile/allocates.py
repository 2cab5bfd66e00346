#: pbt-compile hostile/allocates.py --load_memory 256M
#: exit 1
#: error PBT101 at hostile/allocates.py:11
"""Takes memory without end."""


from pbt_tui import Experiment, RunDescription

HOARD = []
while True:
    HOARD.append(bytearray(1 << 24))

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
