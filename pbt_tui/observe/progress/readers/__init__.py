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
        "isaacgymenvs": f"{_HERE}.isaacgymenvs_lines:READER",
        "isaac_lab": f"{_HERE}.isaac_lab:READER",
        "sample_factory": f"{_HERE}.sample_factory_lines:READER",
        "rl_games": f"{_HERE}.rl_games:READER",
        "rsl_rl": f"{_HERE}.rsl_rl:READER",
        "stable_baselines3": f"{_HERE}.stable_baselines3:READER",
        "pufferlib": f"{_HERE}.pufferlib:READER",
        "cleanrl": f"{_HERE}.cleanrl:READER",
        "keras": f"{_HERE}.keras:READER",
        "lightning": f"{_HERE}.lightning:READER",
        "hf_trainer": f"{_HERE}.hf_trainer:READER",
        "tqdm": f"{_HERE}.tqdm:READER",
        "steps": f"{_HERE}.steps:READER",
    },
    ProgressReader,
)
