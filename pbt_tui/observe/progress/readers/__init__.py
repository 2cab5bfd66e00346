"""The readers of progress: one file for each trainer or style of lines, in order of priority.

Another package adds a reader by an entry point in the group `pbt_tui.progress_readers`.
"""

from __future__ import annotations

from pbt_tui.observe.progress.reading import ProgressReader
from pbt_tui.registry import Registry

_HERE = "pbt_tui.observe.progress.readers"

READERS: Registry[ProgressReader] = Registry(
    "progress reader",
    "pbt_tui.progress_readers",
    {
        name: f"{_HERE}.{name}:READER"
        for name in (
            "isaacgymenvs", "isaac_lab", "sample_factory", "rl_games", "rsl_rl",
            "stable_baselines3", "pufferlib", "cleanrl", "keras", "lightning", "hf_trainer",
            "tqdm", "steps",
        )
    },
    ProgressReader,
)  # fmt: skip
