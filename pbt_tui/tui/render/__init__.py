"""Renders screens as lines of styled text: pure functions of the run's state and a width.

Must not import Textual or read files: terminal, `--once` and tests use the same lines.
"""
