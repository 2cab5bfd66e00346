#: pbt-compile hostile/ignores_signals.py --load_timeout 2
#: exit 1
#: error PBT101 at hostile/ignores_signals.py:14
"""Ignores what can be ignored, and goes on for ever."""

import signal
import time

from pbt_tui import Experiment, RunDescription

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    time.sleep(60)

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
