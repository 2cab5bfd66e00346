"""Tells a person of failures and of the end of a run: by a command of theirs, and by a webhook.

Nothing of it is in the spec or in the journal, and nothing of it stops a run. `untold` decides what
to tell, `messages` says it, `commands` and `webhooks` deliver it, and `teller` connects them.
"""
