"""Runtime `osmo`: submits workflows to NVIDIA OSMO once, and follows their tasks.

`workflow_service` is what the service offers; `client` reaches it by NVIDIA's client, and `rest` by
HTTP.
"""
