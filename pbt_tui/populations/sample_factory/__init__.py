"""Sample-Factory: members are policies of one job.

Must not read a workspace: `observe.workspaces.sample_factory` does.
"""
