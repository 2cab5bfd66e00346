"""IsaacGymEnvs: members are jobs that share a workspace in their directory.

Must not read a workspace: `observe.workspaces.isaacgymenvs` does.
"""
