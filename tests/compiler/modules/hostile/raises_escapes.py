#: pbt-compile hostile/raises_escapes.py
#: exit 1
#: error PBT101 at hostile/raises_escapes.py:9
"""An error whose text would clear the screen."""


from pbt_tui import Experiment, RunDescription

raise ValueError("\x1b[2J\x1b]0;gotcha\x07" + "x" * 5000)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
