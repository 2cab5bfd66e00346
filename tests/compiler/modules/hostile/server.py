#: pbt-compile hostile/server.py
#: exit 0, 1 job in r
#: warning PBT119 at hostile/server.py
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Starts a server, as some libraries do."""

import subprocess

from pbt_tui import Experiment, RunDescription

subprocess.Popen(["sleep", "1000000"], start_new_session=True)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
