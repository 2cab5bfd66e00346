#: pbt-compile hostile/writes_files.py
#: exit 0, 1 job in r
#: warning PBT118 at hostile/writes_files.py:14
#: warning PBT118 at hostile/writes_files.py:15
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Writes where it stands, twice at once."""

import os
from pathlib import Path

from pbt_tui import Experiment, RunDescription

Path("commands.txt").write_text("python t.py")
os.makedirs("out/deep", exist_ok=True)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
