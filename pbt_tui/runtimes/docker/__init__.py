"""The `docker` runtime: runs attempts as containers of an engine. Must not decide anything."""
