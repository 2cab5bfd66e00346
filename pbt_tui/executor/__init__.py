"""The executor of a run: preflight checks, the event loop, resume, and the launches of attempts.

Must not know screens or argv. Only `cli` and `launcher` may import this package.
"""
