#: pbt-compile odd/tuples.py
#: exit 3
#: error PBT110 at odd/tuples.py:11
#: error PBT111 at odd/tuples.py:11
#: error PBT111 at odd/tuples.py:11
"""Tuples too long, texts for tuples, a text for a list (D6)."""

from pbt_tui import Experiment, ParamGrid, RunDescription

def experiment(name, *pairs):
    return Experiment(name, "python t.py", ParamGrid(pairs).generate_params())


RUN_DESCRIPTION = RunDescription(
    "tuples",
    [
        experiment("long", (("a", "b"), [(1, 2, 3)])),
        experiment("text", (("a", "b"), ["xy"])),
        experiment("letters", ("env", "ant")),
    ],
)
