#: pbt-compile written/config_option.py
#: exit 0, 3 jobs in c
#: warning PBT308 at written/config_option.py:18
#: warning PBT302 at written/config_option.py:19
#: warning PBT302 at written/config_option.py:20
#: first 00_config in c/config_
#:   $ python t.py -c '$HOME/config.yaml' --experiment=00_config --train_dir=./train_dir/c/config_
#: last 00_python in c/python_
#:   $ python3.11 -c 'import t; t.main("$x")' --experiment=00_python
#:     --train_dir=./train_dir/c/python_
"""`-c` gives a script to a shell and to Python, and a file to most trainers."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "c",
    [
        Experiment("config", "python t.py -c $HOME/config.yaml"),
        Experiment("shell", "env A=1 bash -lc 'exec python t.py $A \"$@\"' bash"),
        Experiment("python", "python3.11 -c 'import t; t.main(\"$x\")'"),
    ],
)
