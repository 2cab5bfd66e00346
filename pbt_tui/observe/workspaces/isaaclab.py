"""Isaac Lab and rl_games: member folders, and a run folder by the second for every start.

Must not know IsaacGymEnvs' best folders; what a restart does to frames is `lineage`'s.
"""

from __future__ import annotations

from pbt_tui.observe.workspaces.member_folders import MemberFolders


class IsaacLab(MemberFolders):
    """Nothing more than the folders: a changed `experiment_name` says that a member restarted."""
