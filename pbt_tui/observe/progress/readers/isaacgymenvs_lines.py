"""Reads what the PBT observer of IsaacGymEnvs prints beside the lines of rl_games."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_BEST = re.compile(r"New best objective value (\S{1,40}) in iteration")
_STATUS = re.compile(r"Env frames ([0-9]{1,18}), iteration [0-9]{1,9}, self iteration ([0-9]{1,9})")
_LEFT = re.compile(r"\bPBT it ([0-9]{1,9})\b")


def read(window: LogWindow) -> ProgressReading | None:
    """Frames, generation, and the best objective of the generation.

    `Policy 0: Env frames 61440, iteration 10, self iteration 10`.
    """
    status = window.find(_STATUS, "self iteration")
    best = window.find(_BEST, "New best objective value")
    left = None if status else window.find(_LEFT, "PBT it ")
    if not (status or best or left):
        return None
    objective = measured(best[1]) if best else None
    generation = status[2] if status else left[1] if left else None
    return ProgressReading(
        step=whole(status[1]) if status else None,
        unit="frames" if status else None,
        objective=objective,
        objective_name=None if objective is None else "best objective",
        generation=whole(generation),
    )


READER = ProgressReader("isaacgymenvs", read)
