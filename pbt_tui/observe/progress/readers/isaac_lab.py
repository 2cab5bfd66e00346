"""Reads what the PBT observer of Isaac Lab and of rl_games prints beside the lines of rl_games."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_BEST = re.compile(r"New best objective: (\S{1,40}?)!?(?:\s|$)")
_GENERATION = re.compile(r"New pbt iteration ([0-9]{1,9})")


def read(window: LogWindow) -> ProgressReading | None:
    """The generation and the best objective; the frames are in the lines of rl_games.

    `New pbt iteration 2!` and `New best objective: 6.8!`.
    """
    best = window.find(_BEST, "New best objective: ")
    generation = window.find(_GENERATION, "New pbt iteration ")
    if not (best or generation):
        return None
    objective = measured(best[1]) if best else None
    return ProgressReading(
        objective=objective,
        objective_name=None if objective is None else "best objective",
        generation=whole(generation[1]) if generation else None,
    )


READER = ProgressReader("isaac_lab", read)
