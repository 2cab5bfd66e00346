#: pbt-compile odd/holds_itself.py
#: exit 3
#: error PBT103 at odd/holds_itself.py:12
"""A list that holds itself has a text, but no JSON."""

from pbt_tui import Experiment, RunDescription

_endless = [1]
_endless.append(_endless)

RUN_DESCRIPTION = RunDescription(
    "ring", [Experiment("ring", "python t.py", [{"a": 1}, {"a": _endless}])]
)
