"""Runtime `process`: attempts as processes of this machine. Must not decide anything."""
