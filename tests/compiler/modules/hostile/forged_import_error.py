#: pbt-compile hostile/forged_import_error.py
#: exit 1
#: error PBT101 at hostile/forged_import_error.py:9
"""A missing package without a name."""


from pbt_tui import Experiment, RunDescription

raise ModuleNotFoundError("nothing", name=7)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
