"""Reads what jobs write (logs and population workspaces) and what GPUs report, as typed values.

Must not import the executor or Textual. Writes only the history of the workspaces.
"""
