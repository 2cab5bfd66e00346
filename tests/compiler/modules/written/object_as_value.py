#: pbt-compile written/object_as_value.py
#: exit 3
#: error PBT103 at written/object_as_value.py:8
"""An object without a text of its own."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("v", [Experiment("e", "python t.py", [{"o": object()}])])
