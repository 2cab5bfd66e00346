"""WHAT HAPPENED: events, the fold that gives the state, the files they live in, and requests.

Must not know why anything was decided, nor how it is done or shown.
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
