"""The record of a run: events, the state folded from them, the journal file, and requests.

Must not decide anything, perform a decision or show the state.
"""

from pbt_tui.journal.file import Journal, Tail
from pbt_tui.journal.fold import apply, replay
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import ACTIVE, ENDED, Attempt, JobState, Phase, RunState

__all__ = [
    "ACTIVE",
    "ENDED",
    "Attempt",
    "JobState",
    "Journal",
    "Phase",
    "RunDir",
    "RunState",
    "Tail",
    "apply",
    "replay",
]
