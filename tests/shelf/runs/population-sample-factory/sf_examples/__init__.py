"""A stand-in for the real one."""
