"""Backend `osmo`: its settings, workflow files, rules and codes. Must not call NVIDIA's client.

`workflow` has the types of a workflow file, and `workflow_reading` reads one, also that of somebody
else.
"""
