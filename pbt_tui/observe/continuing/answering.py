"""Answers a question: reads what is on disk, chooses, and asks the style for the command."""

from __future__ import annotations

from pbt_tui.observe.continuing.question import Continuation, Question


def answer(question: Question) -> Continuation:
    """What the next attempt of a member goes on from. Reads the disk; never raises `OSError`."""
    return Continuation()
