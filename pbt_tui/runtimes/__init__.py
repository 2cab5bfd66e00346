"""Runtimes: what attempts are started with. Must not know the journal's files or the scheduler."""
