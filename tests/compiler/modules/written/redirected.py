#: pbt-compile written/redirected.py
#: exit 0, 4 jobs in c
#: warning PBT308 at written/redirected.py:18
#: warning PBT308 at written/redirected.py:19
#: warning PBT308 at written/redirected.py:20
#: first 00_out in c/out_
#:   $ python t.py '>log.txt' --experiment=00_out --train_dir=./train_dir/c/out_
#: last 00_token in c/token_
#:   $ python t.py --eos '<s>' '--filter=a|b' '--x=(1,)' --experiment=00_token
#:     --train_dir=./train_dir/c/token_
"""Operators of a shell without a blank behind them."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "c",
    [
        Experiment("out", "python t.py >log.txt"),
        Experiment("err", "python t.py 2>/dev/null"),
        Experiment("tee", "python t.py |tee log.txt"),
        Experiment("token", "python t.py --eos <s> --filter=a|b --x=(1,)"),
    ],
)
