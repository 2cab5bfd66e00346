"""Reads what CleanRL prints: `global_step=1234, episodic_return=[21.]` and `SPS: 1530`."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_STEP = re.compile(r"\bglobal_step=([0-9]{1,18}), ?episodic_return=\[? ?([-+0-9.a-z]{1,30})")
_SPS = re.compile(r"^ ?SPS: ([0-9.]{1,20})")


def read(window: LogWindow) -> ProgressReading | None:
    """Frames, frames per second, and the return of the newest episode.

    One line for each episode, and the steps per second after each update.
    """
    step = window.find(_STEP, "global_step=")
    if not step:
        return None
    sps = window.find(_SPS, "SPS: ")
    objective = measured(step[2].removesuffix("."))
    return ProgressReading(
        step=whole(step[1]),
        total=window.argument("total_timesteps"),
        unit="frames",
        fps=number(sps[1]) if sps else None,
        objective=objective,
        objective_name=None if objective is None else "episodic_return",
    )


READER = ProgressReader("cleanrl", read)
