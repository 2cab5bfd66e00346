"""A loop that waits for the clock, and a library that keeps dates."""

import datetime
import time

from pbt_tui import Experiment, RunDescription

END = time.monotonic() + 0.05
while time.monotonic() < END:
    time.sleep(0.01)
DAY = datetime.date(2024, 2, 29) + datetime.timedelta(days=1)
assert isinstance(DAY, datetime.date)
assert isinstance(datetime.datetime.now(), datetime.date)  # noqa: DTZ005
RUN_DESCRIPTION = RunDescription(
    "ant", [Experiment("ant", "python train.py", [{"day": DAY, "in_a_list": [DAY]}])]
)
