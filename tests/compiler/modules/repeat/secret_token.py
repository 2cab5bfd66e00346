#: pbt-compile repeat/secret_token.py
#: exit 3
#: error PBT120 at repeat/secret_token.py:11
"""Random bytes of the system as a value."""

import secrets

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"token_of_run": secrets.token_hex(4)}])]
)
