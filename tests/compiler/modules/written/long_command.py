#: pbt-compile written/long_command.py
#: exit 0, 1 job in l
#: warning PBT302 at written/long_command.py:16
#: first 00_e in l/e_
#:   $ python t.py --option_0=0 --option_1=1 --option_2=2 --option_3=3 --option_4=4 --option_5=5
#:     --option_6=6 --option_7=7 --option_8=8 --option_9=9 --option_10=10 --option_11=11
#:     --option_12=12 --option_13=13 --option_14=14 --option_15=15 --option_16=16 --option_17=17
#:     --option_18=18 --option_19=19 '--note=a b' --experiment=00_e --train_dir=./train_dir/l/e_
"""Only what differs of a long command is shown."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "l",
    [
        Experiment(
            "e", "python t.py " + " ".join(f"--option_{k}={k}" for k in range(20)) + " --note='a b'"
        )
    ],
)
