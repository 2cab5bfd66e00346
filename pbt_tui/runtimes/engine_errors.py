"""The two errors of an engine, that is of a container engine or of a cluster's queue.

The code that calls the engine decides what an error means to an attempt.
"""

from __future__ import annotations


class EngineUnavailable(Exception):
    """The engine does not answer. No attempt failed, and nothing is known about any."""


class EngineError(Exception):
    """The engine answered with an error: its status code and its text (`words`)."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
