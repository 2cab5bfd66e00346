"""Reads the tables of Stable-Baselines3, and the lines of its evaluation."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading


def _row(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"\| {{1,8}}(?:[a-z]{{1,20}}/)?{name} {{1,40}}\| {{0,8}}(\S{{1,30}}) {{0,40}}\|"
    )


_STEPS, _FPS, _REWARD = map(_row, ("total_timesteps", "fps", "ep_rew_mean"))
_EVALUATION = re.compile(r"Eval num_timesteps=[0-9]{1,18}, episode_reward=(\S{1,30}) \+/-")


def read(window: LogWindow) -> ProgressReading | None:
    """Frames, frames per second, and the mean reward of an episode.

    `|    total_timesteps      | 10240      |`, in a table of several groups.
    """
    steps = window.find(_STEPS, "total_timesteps")
    if not steps:
        return None
    reward = window.find(_REWARD, "ep_rew_mean")
    fps = window.find(_FPS, "fps ")
    objective, name = measured(reward[1]) if reward else None, "ep_rew_mean"
    if objective is None and (found := window.find(_EVALUATION, "Eval num_timesteps=")):
        objective, name = measured(found[1]), "episode_reward"
    done = number(steps[1])
    return ProgressReading(
        step=None if done is None or done < 0 else int(done),
        total=window.argument("total_timesteps", "n_timesteps"),
        unit="frames",
        fps=number(fps[1]) if fps else None,
        objective=objective,
        objective_name=None if objective is None else name,
    )


READER = ProgressReader("stable_baselines3", read)
