#: pbt-compile repeat/memory_address.py
#: exit 3
#: error PBT120 at repeat/memory_address.py
"""The number of an object as a value."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"key": id(object())}])]
)
