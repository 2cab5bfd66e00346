#: pbt-compile hostile/forged_syntax_error.py
#: exit 1
#: error PBT101 at hostile/forged_syntax_error.py:9
"""An error that names a place of its own."""


from pbt_tui import Experiment, RunDescription

raise SyntaxError("\x1b[31m", ("\x1b[31m/nowhere", "\x1b[31m", 1, ""))

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
