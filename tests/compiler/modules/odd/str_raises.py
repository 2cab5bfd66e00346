#: pbt-compile odd/str_raises.py
#: exit 3
#: error PBT103 at odd/str_raises.py:15
"""A value whose text cannot be had."""

from pbt_tui import Experiment, RunDescription

class Secret:
    def __str__(self):
        raise PermissionError("nobody may see this")


RUN_DESCRIPTION = RunDescription(
    "secret",
    [Experiment("secret", "python t.py", [{"key": Secret()}])],
)
