#: pbt-compile odd/bad_env.py
#: exit 3
#: error PBT103 at odd/bad_env.py:12
"""An environment of other things than text."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "env",
    [
        Experiment("fine", "python t.py", env_vars={"A": 1, "B": 0.5}),
        Experiment("bad", "python t.py", env_vars={"C": ["x"]}),
    ],
)
