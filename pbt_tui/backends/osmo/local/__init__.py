"""Runs workflow files of OSMO on this machine: from the file to a process list."""
