#: pbt-compile odd/escapes_in_env_alone.py
#: exit 0, 1 job in env
#: first 00_env in env/env_
#:   with 'PS1=\x1b[31m$\n' 'ÄÖ=\u202eabc'
#:   $ python t.py --experiment=00_env --train_dir=./train_dir/env/env_
"""An environment may hold anything; nobody shows it raw."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "env", [Experiment("env", "python t.py", env_vars={"PS1": "\x1b[31m$\n", "ÄÖ": "\u202eabc"})]
)
