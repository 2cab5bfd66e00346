"""The two ways in which an engine says no: a container engine, or a cluster's queue.

Must not know any engine. Both are for the code that asks; what they mean to an attempt is decided
there.
"""

from __future__ import annotations


class EngineUnavailable(Exception):
    """The engine does not answer: nobody's failure, and it says nothing of any attempt."""


class EngineError(Exception):
    """The engine answered, and would not."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
