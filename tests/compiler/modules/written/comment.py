#: pbt-compile written/comment.py
#: exit 0, 3 jobs in c
#: warning PBT308 at written/comment.py:19
#: note PBT305 at written/comment.py:19
#: warning PBT308 at written/comment.py:20
#: warning PBT302 at written/comment.py:21
#: first 00_comment in c/comment_
#:   $ python t.py --lr=0.1 '#' --lr=0.2 --experiment=00_comment --train_dir=./train_dir/c/comment_
#: last 00_colour in c/colour_
#:   $ python t.py '--colour=#ff0000' --other '#00ff00' --experiment=00_colour
#:     --train_dir=./train_dir/c/colour_
"""A comment that came along from a shell script, and a `#` that is none."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "c",
    [
        Experiment("comment", "python t.py --lr=0.1 # --lr=0.2"),
        Experiment("next_line", "python t.py \\\n# --lr=0.2"),
        Experiment("colour", "python t.py --colour=#ff0000 --other '#00ff00'"),
    ],
)
