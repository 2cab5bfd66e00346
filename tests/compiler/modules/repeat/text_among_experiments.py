#: pbt-compile repeat/text_among_experiments.py
#: exit 3
#: error PBT102 at repeat/text_among_experiments.py:8
"""A text in a list of experiments."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "ant",
    [Experiment("ant", "python train.py"), "ant"],
)
