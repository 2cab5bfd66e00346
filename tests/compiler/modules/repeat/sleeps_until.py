#: pbt-compile repeat/sleeps_until.py
#: exit 0, 1 job in ant
#: warning PBT304 at repeat/sleeps_until.py:22
#: first '00_ant_day_2024-03-01_i.a.lis_[datetime.date(2024, 3, 1)]' in ant/ant_
#:   $ python train.py --day=2024-03-01 '--in_a_list=[datetime.date(2024,' 3, '1)]'
#:     '--experiment=00_ant_day_2024-03-01_i.a.lis_[datetime.date(2024,' 3, '1)]'
#:     --train_dir=./train_dir/ant/ant_
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
