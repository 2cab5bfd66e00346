"""Runtime `docker`: attempts as containers of an engine. Must not decide anything."""
