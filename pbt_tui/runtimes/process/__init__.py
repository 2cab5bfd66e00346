"""The `process` runtime: runs attempts as processes of this machine. Must not decide anything."""
