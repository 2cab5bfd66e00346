"""The format of Isaac Lab and rl_games: member folders, and a folder for every start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pbt_tui.observe.workspaces.generation import Start
from pbt_tui.observe.workspaces.member_folders import MemberFolders
from pbt_tui.observe.workspaces.start_folders import Layout, StartFolders

_LAYOUT = Layout("params/agent.yaml", loaded="load_path", name="full_experiment_name", inner=True)


class IsaacLab(MemberFolders):
    """Member folders, with starts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._starts = StartFolders(path, _LAYOUT)

    def starts(self) -> Sequence[Start]:
        """Starts, from `<time>/params/agent.yaml` beside the workspace."""
        return self._starts.starts()

    def size(self) -> int | None:
        """Number of members in the newest of these configurations."""
        return self._starts.size()

    def restarts(self) -> list[tuple[int, float]]:
        return [(start.member, start.at) for start in self.starts()]
