#: pbt-compile hostile/replaces_streams.py
#: exit 0, 1 job in r
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
"""Puts something else in the place of its streams."""

import sys

from pbt_tui import Experiment, RunDescription

class Stream:
    def write(self, text):
        raise RuntimeError(text)

    def flush(self):
        raise RuntimeError


sys.stdout = sys.stderr = Stream()

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
