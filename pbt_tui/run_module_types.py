"""Types of what a run module writes, for mypy and editors alone: nothing imports them at run time.

A module for the style of an installed package says `cast("PopulationStyle", "its_name")`.
"""

from __future__ import annotations

from typing import Literal, TypedDict

PopulationStyle = Literal["isaacgymenvs", "isaaclab", "rl_games", "sample_factory"]
"""Names of the built-in population styles."""

ArgumentStyleName = Literal["hydra", "keyvalue", "argparse", "jsonargparse", "tyro", "flags"]
"""Names of the argument styles."""


class ResourceNeeds(TypedDict, total=False):
    """What one job needs."""

    gpus: int
    """Number of GPUs."""
    cpus: int
    """Number of CPUs."""
    memory: int | str
    """Bytes, or text such as `16G`."""
