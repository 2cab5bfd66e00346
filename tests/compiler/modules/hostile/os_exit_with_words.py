#: pbt-compile hostile/os_exit_with_words.py
#: exit 1
#: error PBT101 at hostile/os_exit_with_words.py
"""Ends with a word, which is repeated."""

import os

from pbt_tui import Experiment, RunDescription

os.write(2, b"\x1b[31mno licence\x1b[0m\n")
os._exit(9)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
