"""A fault at every call that an executor makes to the system for its files."""
