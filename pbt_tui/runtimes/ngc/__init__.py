"""SUBMITS ONCE: the user's own NGC client, asked first what is there already.

Must not be taken for a runtime: it follows nothing, and ends when each job has an id or a reason.
"""
