"""A run as it was at an earlier time: it has the face of `JournalFollower`.

Its state is that after the events up to the time. What the run directory only has as of now, such
as the queue of an engine and samples of GPUs, was not recorded: it is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import PbtError, Where
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.journal.state_history import StateHistory
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.progress.past_progress import PastProgress
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.queue_status import Queue
from pbt_tui.tui.journal_follower import FollowerUpdate, JournalFollower
from pbt_tui.tui.text import at
from pbt_tui.tui.time_travel.moments import RunMoment, moment_of

if TYPE_CHECKING:
    from pbt_tui.observe.snapshot_types import PopulationRow

_NEVER = Path(os.devnull) / "not recorded"
"""A path at which no file can be."""


class PastRunDir(RunDir):
    """A run directory without the files that tell how something is now."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gpus = self.holders = self.queue = self.paused = _NEVER


class PastRun:
    """The run at `moment`, which `go` changes.

    Args:
        present: Follows the run as it is now; it has read its journal.
        progress: What is known of the progress of its jobs now; None: read it.
        clock: The clock on the wall, in Unix seconds.
    """

    def __init__(
        self,
        present: JournalFollower,
        progress: RunProgress | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.present = present
        self.rundir = PastRunDir(present.rundir.path)
        self.clock = clock
        self.error: PbtError | None = None
        self.queue: Queue | None = None
        self.pauses: dict[str, Pause] = {}
        self.held: Mapping[str, str] = {}
        self.workspace = False
        self.history = self._history()
        self.state = RunState(present.state.spec)
        self.moment = 0.0
        """The time, in Unix seconds."""
        self._line = 0
        """The last line of the journal that has happened then."""
        self._told: tuple[object, ...] = ()
        self._progress = PastProgress(progress or RunProgress(present.rundir))
        self._cut: tuple[object, ...] = ()
        self._rows: tuple[PopulationRow, ...] = ()

    def _history(self) -> StateHistory:
        return StateHistory(self.present.rundir.journal, self.present.state.spec)

    # -- where in time -----------------------------------------------------------------------------

    @property
    def first(self) -> float:
        """When the run began, in Unix seconds."""
        return self.history.times[0] if len(self.history) else self.end

    @property
    def end(self) -> float:
        """The last moment that there is: now if an executor runs, else that of the last event."""
        return self.present.now(self.clock())

    @property
    def told(self) -> str:
        """The moment for people: `22:34:30 of 22:59 · 4 failures from here`."""
        count = self.failures_ahead
        failures = f"{count or 'no'} failure{'s' if count > 1 else ''} from here"
        return f"{at(self.moment, self.end)} of {at(self.end, self.moment)[:-3]} · {failures}"

    @property
    def failures_ahead(self) -> int:
        """How often a job fails from the moment on."""
        return self.history.failures_from(self._line)

    def named(self, text: str) -> RunMoment:
        """The moment that a text names. Raises `UsageError` if it names none."""
        return moment_of(text, self.first, self.end, len(self.history))

    def go(self, moment: float, line: int | None = None) -> bool:
        """Goes to a time, within the run; returns whether the state is another one.

        Args:
            moment: The time, in Unix seconds.
            line: The last line that has happened then; None: all up to the time.
        """
        self.moment = max(self.first, min(moment, self.end))
        if line is None:
            line = self.history.line_at(self.moment)
        elif 0 < line <= len(self.history):
            self.moment = self.history.times[line - 1]
        self._progress.go(self.moment, self.state)
        if line == self._line and self.state.spec is self.history.spec:
            return False
        try:
            self.state, self._line = self.history.after(line), line
        except PbtError as e:
            self.error = e
        except OSError as e:
            self.error = _unreadable(e, self.rundir)
        self._progress.go(self.moment, self.state)
        return True

    # -- the face of a follower --------------------------------------------------------------------

    @property
    def loaded(self) -> bool:
        """Whether the whole journal is known, so that any moment can be shown."""
        return self.history.whole or self.error is not None

    @property
    def holder(self) -> int | None:
        """The executor that is known to have run then: it wrote an event after that."""
        if self.state.closed is not None or self.state.executor is None:
            return None
        executors = self.history.executors
        then = [life for life in executors if life.seq <= self._line]
        if not then or (self.moment > then[-1].last_at and not self._goes_on(len(then))):
            return None
        return then[-1].pid

    def _goes_on(self, number: int) -> bool:
        """Whether this executor of the run is the newest one, and still runs."""
        return number == len(self.history.executors) and self.present.holder is not None

    @property
    def trouble(self) -> str | None:
        """Why the screen may not show the run as it was; None if nothing is wrong."""
        return str(self.error).splitlines()[0] if self.error is not None else self.present.trouble

    def now(self, clock: float) -> float:
        """The end of open intervals: the moment."""
        return self.moment

    @property
    def until(self) -> float | None:
        """The earlier time at which the run is shown."""
        return self.moment

    def at_end(self) -> bool:
        """Whether the journal has been read to its end or to an error."""
        return self.loaded

    def poll(self, budget: float = 0.05) -> FollowerUpdate:
        """Reads what the journal has got since; the state changes only with another journal."""
        change = FollowerUpdate()
        change.answers += self.present.poll(budget).answers
        if self.error is None:
            self._read(change, budget)
        told = (
            self.loaded,
            self.trouble,
            self.failures_ahead,
            self.holder,
            int(self.end // 60),
        )
        change.run |= told != self._told
        self._told = told
        return change

    def read_all(self) -> None:
        """Reads the whole journal. Raises the error if it is damaged."""
        while not self.loaded:
            self.poll(budget=1.0)
        if self.error is not None:
            raise self.error

    def _read(self, change: FollowerUpdate, budget: float) -> None:
        try:
            self.history.read(budget)
        except PbtError as e:
            self.error = e
        except OSError as e:
            self.error = _unreadable(e, self.rundir)
        replaced = self.present.state.spec is not self.history.spec or self.history.replaced
        if replaced and self.present.loaded and self.present.error is None:
            self.history = self._history()
            self._line = 0
        elif self.history.whole and self.state.spec is not self.history.spec:
            self.go(self.moment)
            change.everything = True

    def open_progress(self) -> PastProgress:
        """What is known of the progress of the jobs then."""
        return self._progress

    def populations(self, rows: tuple[PopulationRow, ...]) -> tuple[PopulationRow, ...]:
        """The populations as they were; the same object while nothing is new.

        Args:
            rows: The populations as they are now.
        """
        from pbt_tui.observe import past_populations  # late: many runs have none

        cut = (id(rows), rows, self.moment, self._line)
        if cut != self._cut:
            self._cut = cut
            self._rows = tuple(
                past_populations.row_at(row, self.moment, self.state) for row in rows
            )
        return self._rows


def _unreadable(error: OSError, rundir: RunDir) -> PbtError:
    where = Where(file=str(error.filename or rundir.path))
    return PbtError(f"cannot read: {error.strerror}", where=where)
