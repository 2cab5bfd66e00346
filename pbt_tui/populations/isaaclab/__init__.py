"""Isaac Lab and rl_games: members are jobs that share a workspace below their logs.

Must not read a workspace: `observe.workspaces.isaaclab` does.
"""
