"""Reads the statistics of Sample-Factory, whose run trains one policy or a whole population."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number, whole
from pbt_tui.observe.progress.metric_names import better
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_FRAMES = re.compile(
    r"Fps is \(10 sec: ([0-9.]{1,20}|nan)\b[^)]{0,200}\)\. Total num frames: ([0-9]{1,18})"
)
_REWARDS = re.compile(r"Avg episode reward: \[(.{1,900})")
_REWARD = re.compile(r"\([0-9]{1,6}, '?([-+0-9.a-z]{1,30})'?\)")


def read(window: LogWindow) -> ProgressReading | None:
    """Frames of all policies, frames per second, and the reward of the best policy.

    `Fps is (10 sec: 819.2, …). Total num frames: 8192. …`, and a line with the rewards.
    """
    frames = window.find(_FRAMES, "Total num frames: ")
    rewards = window.find(_REWARDS, "Avg episode reward: [")
    if not (frames or rewards):
        return None
    objective: float | None = None
    for text in _REWARD.findall(rewards[1]) if rewards else ():
        value = measured(text)
        if value is not None and (objective is None or better(value, objective)):
            objective = value
    each = window.argument("train_for_env_steps")  # of one policy
    total = whole(str(each * (window.argument("num_policies") or 1))) if each else None
    return ProgressReading(
        step=whole(frames[2]) if frames else None,
        total=total if frames else None,
        unit="frames" if frames else None,
        fps=number(frames[1]) if frames else None,
        objective=objective,
        objective_name=None if objective is None else "reward",
    )


READER = ProgressReader("sample_factory", read)
