"""Reads the populations of a run in another thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pbt_tui.errors import BrokenKind

if TYPE_CHECKING:
    from pbt_tui.journal.state import RunState
    from pbt_tui.observe.snapshot import Populations
    from pbt_tui.observe.snapshot_types import PopulationRow
    from pbt_tui.tui.host import Host
    from pbt_tui.tui.journal_follower import JournalFollower


class PopulationReader:
    """The rows of the populations of one run, as they are now.

    Args:
        host: The application.
        follower: The run.
    """

    def __init__(self, host: Host, follower: JournalFollower) -> None:
        self._host = host
        self._follower = follower
        self.rows: tuple[PopulationRow, ...] = ()
        """Rows of the last read; empty until a person opens the population screen."""
        self._watched: tuple[RunState, Populations] | None = None
        self._reading = False

    def read(self, then: Callable[[], None]) -> None:
        """Reads the workspaces; calls `then` in the thread of the application if they changed."""
        from pbt_tui.observe.snapshot import Populations  # late, for a fast first page

        follower = self._follower
        state = follower.state
        if not state.spec.populations or self._reading:
            return
        if self._watched is None or self._watched[0] is not state:
            try:
                self._watched = (state, Populations(state, follower.rundir))
            except BrokenKind as e:  # the jobs of the run can be shown all the same
                self._host.say(str(e), "bad")
                return
        watched = self._watched[1]
        live = follower.holder is not None
        self._reading = True

        def work() -> Callable[[], None] | None:
            try:
                watched.poll()
                rows = watched.rows(follower.now(self._host.clock()), live=live)
            finally:
                self._reading = False
            if rows == self.rows or self._host.present is not follower:
                return None
            self.rows = rows
            return then

        self._host.in_background(work)
