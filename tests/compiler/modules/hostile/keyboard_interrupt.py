#: pbt-compile hostile/keyboard_interrupt.py
#: exit 1
#: error PBT101 at hostile/keyboard_interrupt.py:9
"""As if somebody had pressed Ctrl-C."""


from pbt_tui import Experiment, RunDescription

raise KeyboardInterrupt

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
