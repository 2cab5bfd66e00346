"""Reads the dashboard of PufferLib, which is a table that is printed again and again."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, abbreviated, measured, seconds
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_STEPS = re.compile(r"(?:Agent )?Steps {1,60}([0-9.]{1,12}[kKmMbBtT]?)(?: |$)")
_SPS = re.compile(r"\bSPS {1,60}([0-9.]{1,12}[kKmMbBtT]?)(?: |$)")
_REMAINING = re.compile(r"\bRemaining {1,60}((?:[0-9]{1,9}[dhms] ?){1,4})")
_STATS = ("episode_return", "episode_reward", "reward", "score", "perf")
"""Names of a user's statistics, the best first."""
_STAT = re.compile(
    rf"\b({'|'.join(_STATS)}) {{1,60}}"
    r"(-?[0-9.]{1,24}|-?nan|-?inf)(?: |$|│)"
)


def read(window: LogWindow) -> ProgressReading | None:
    """Steps of all agents, steps per second, time left, and the reward of an episode.

    Rows such as `│ Agent Steps   1.0m   Forward   2s  10%   …│`.
    """
    sps = window.find(_SPS, "SPS")
    steps = window.find(_STEPS, "Agent Steps", " Steps ")
    if not (sps and steps):
        return None
    remaining = window.find(_REMAINING, "Remaining")
    stats = next(filter(None, (window.first(_stats, name) for name in _STATS)), None)
    done = abbreviated(steps[1])
    return ProgressReading(
        step=None if done is None else int(done),
        total=window.argument("total_timesteps"),
        unit="frames",
        fps=abbreviated(sps[1]),
        eta=seconds(remaining[1]) if remaining else None,
        objective=stats.value if stats else None,
        objective_name=stats.name if stats else None,
    )


def _stats(line: str) -> Metric | None:
    found = [
        Metric(name, value)
        for name, text in _STAT.findall(line)
        if (value := measured(text)) is not None
    ]
    return best(found) or (found[0] if found else None)


READER = ProgressReader("pufferlib", read)
