"""The format of Isaac Lab and rl_games: member folders only."""

from __future__ import annotations

from pbt_tui.observe.workspaces.member_folders import MemberFolders


class IsaacLab(MemberFolders):
    """Member folders; a changed `experiment_name` shows a restart."""
