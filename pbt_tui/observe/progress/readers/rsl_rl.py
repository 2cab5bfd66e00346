"""Reads the blocks that rsl_rl prints for each iteration, in Isaac Lab, legged_gym and mjlab."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number, seconds, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_ITERATION = re.compile(r"Learning iteration ([0-9]{1,12})/([0-9]{1,12})")
_FPS = re.compile(r"(?:Computation: +([0-9.]{1,20}) steps/s|Steps per second: +([0-9.]{1,20}))")
_STEPS = re.compile(r"Total (?:time)?steps: +([0-9]{1,18})")
_REWARD = re.compile(r"Mean (?:total )?reward(?: \(total\))?: +(\S{1,30})")
_ETA = re.compile(r"\bETA: +([0-9][0-9:.a-z, ]{0,30})")


def read(window: LogWindow) -> ProgressReading | None:
    """The newest values; a block may be cut, so each is searched for by itself.

    A block with `Learning iteration 119/12000`, `Mean reward:` and `ETA:`, each on a line.
    """
    iteration = window.find(_ITERATION, "Learning iteration ")
    steps = window.find(_STEPS, "Total timesteps:", "Total steps:")
    if not iteration:
        return None
    fps = window.find(_FPS, "Computation:", "Steps per second:")
    reward = window.find(_REWARD, "Mean reward", "Mean total reward")
    eta = window.find(_ETA, "ETA:")
    done, total = whole(iteration[1]), whole(iteration[2])
    objective = measured(reward[1]) if reward else None
    frames = whole(steps[1]) if steps else None
    return ProgressReading(
        step=done if frames is None else frames,
        total=total if frames is None else None,
        unit="iterations" if frames is None else "frames",
        share=min(1.0, (done + 1) / total) if done is not None and total else None,
        fps=number(fps[1] or fps[2]) if fps and frames is not None else None,
        eta=seconds(eta[1]) if eta else None,
        objective=objective,
        objective_name=None if objective is None else "mean reward",
    )


READER = ProgressReader("rsl_rl", read)
