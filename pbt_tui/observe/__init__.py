"""READS WHAT JOBS LEAVE BEHIND: logs, GPUs and population workspaces, as typed values.

Must not know the executor or Textual; writes nothing but our own history of the workspaces.
"""
