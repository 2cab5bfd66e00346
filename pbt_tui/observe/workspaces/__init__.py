"""The three formats in which populations leave their history on disk, read as one.

Must not know jobs, logs of jobs or the journal; never writes into a workspace.
"""

from __future__ import annotations

from pathlib import Path

from pbt_tui.observe.workspaces.find import find
from pbt_tui.observe.workspaces.generation import BestFile, Generation, Reader, UnreadableGeneration
from pbt_tui.observe.workspaces.isaacgymenvs import IsaacGymEnvs
from pbt_tui.observe.workspaces.isaaclab import IsaacLab
from pbt_tui.observe.workspaces.sample_factory import SampleFactory
from pbt_tui.spec import Style

__all__ = ["BestFile", "Generation", "Reader", "UnreadableGeneration", "find", "reader"]


def reader(style: Style, path: Path) -> Reader:
    """The reader of a workspace of that style; `path` need not exist yet."""
    if style == "sample_factory":
        return SampleFactory(path)
    return IsaacGymEnvs(path) if style == "isaacgymenvs" else IsaacLab(path)
