"""rl_games with an entry point of one's own: members, settings and workspace are Isaac Lab's.

Must not read a workspace: `observe.workspaces.isaaclab` does.
"""
