#: pbt-compile odd/nul_in_env.py
#: exit 3
#: error PBT103 at odd/nul_in_env.py:10
"""NUL in the environment."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "nul",
    [Experiment("nul", "python t.py", env_vars={"A": "1\0B=2"})],
)
