"""Finds out what the next attempt of a member goes on from.

`answer` reads the member's folder and applies the rules. It waits for the disk as long as the disk
takes: call it from a thread. Must not write into a workspace, except for `move_aside`.
"""

from __future__ import annotations

from pbt_tui.observe.continuing.answering import answer
from pbt_tui.observe.continuing.question import Continuation, Question, Tried

__all__ = ["Continuation", "Question", "Tried", "answer"]
