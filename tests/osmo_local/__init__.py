"""Workflow files of OSMO run on this machine."""
