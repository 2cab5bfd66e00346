"""Submits each job of a run to NGC once, through the user's own NGC client.

This is no runtime: it must not follow jobs, and ends once each of them has an id or an error.
"""
