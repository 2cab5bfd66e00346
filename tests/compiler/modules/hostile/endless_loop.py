#: pbt-compile hostile/endless_loop.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/endless_loop.py:10
"""Never ends, and works hard."""


from pbt_tui import Experiment, RunDescription

def wait():
    while True: pass


wait()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
