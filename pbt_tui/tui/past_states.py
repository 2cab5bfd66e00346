"""The state of a run as it was at an earlier moment, folded from its journal.

Must not run in the thread of the application: a long journal takes seconds.
"""

from __future__ import annotations

from pbt_tui.journal.file import Tail
from pbt_tui.journal.replaying import apply_line
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.tui.journal_follower import read_spec

_SLICE = 1 << 18
"""Bytes of journal that are read at once."""


def state_at(rundir: RunDir, moment: float) -> RunState:
    """The state after all events that were recorded up to a moment.

    Args:
        rundir: The run directory.
        moment: Unix seconds.

    Raises:
        BadSpec: the copy of the spec cannot be read.
        JournalDamaged: a line of the journal is no event, or an event that cannot be.
        JournalNewer: a later version wrote the journal.
    """
    state, tail = RunState(read_spec(rundir)), Tail(rundir.journal)
    while events := tail.read(_SLICE):
        for event in events:
            if event.at > moment:
                return state
            apply_line(state, rundir.journal, event)
    return state
