"""The pages and dialogs of the monitor, one per file, each with its style sheet.

Screens get their data from the model and send requests through the host. Must not import `app`.
"""
