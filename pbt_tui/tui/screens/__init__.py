"""The pages of the monitor and the dialogs above them, one a file, each with its style sheet.

Must not read files: everything shown comes from the model, everything asked goes to the host.
"""
