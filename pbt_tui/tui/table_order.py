"""Filters and sorts the jobs for the table. Must not import Textual.

`order` is rebuilt only when a change moves a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.progress import Progress
from pbt_tui.observe.progress.metric_names import is_loss
from pbt_tui.tui.labels import ORDER
from pbt_tui.tui.query import Predicate, compile_filter
from pbt_tui.tui.render.sparkline import finite

Key = Callable[[JobState], Any]


def _time(job: JobState) -> float:
    """Duration of the newest attempt in seconds; active attempts sort by their start."""
    attempt = job.attempt
    if attempt is None:
        return -1.0
    start = attempt.started_at or attempt.scheduled_at
    return (attempt.ended_at or 1e12 - start) - (start if attempt.ended_at else 0.0)


SORTS: dict[str, tuple[str, Key | None]] = {
    "t": ("state", lambda job: ORDER[job.shown]),
    "p": ("plan", None),
    "j": ("job", lambda job: job.spec.id),
    "a": ("attempts", lambda job: -len(job.attempts)),
    "d": ("duration", lambda job: -_time(job)),
    "c": ("changed", lambda job: -job.since),
    "o": ("objective", None),
    "g": ("progress", None),
}
BY_PROGRESS = ("o", "g")
"""Orders whose keys come from the progress of the jobs."""
"""The letter typed after `s` -> the name and the key of a sort order; None keeps plan order."""
PROBLEMS = ("failed", "stopping", "cancelled", "skipped")


class TableOrder:
    """`order[row]` is a plan index."""

    def __init__(
        self,
        state: RunState,
        progress: Callable[[JobState], Progress | None] = lambda job: None,
    ) -> None:
        self.state = state
        self._progress = progress
        self.order: list[int] = list(range(len(state.jobs)))
        self.sort = "t"
        self.reverse = False
        self.text = ""
        self.problems_only = False
        self.problem: str | None = None
        """Why the filter cannot be understood; None: it can."""
        self._test: Predicate | None = None
        self._keys: dict[int, Any] = {}
        self._rows_by_index: dict[int, int] | None = None
        self.rebuild()

    def reset(self, state: RunState) -> None:
        """Replaces the state by another one, of the same or of another run."""
        self.state = state
        self.rebuild()

    def filter(self, text: str) -> None:
        self.text = text.strip()
        self._test, self.problem = compile_filter(self.text, self._parameters)
        self.rebuild()

    @property
    def by_progress(self) -> bool:
        """Whether rows may move although no job has changed its state."""
        return self.sort in BY_PROGRESS

    def _key(self) -> Key | None:
        """The key of the order."""
        if self.sort == "o":
            return self._by_objective
        return self._by_share if self.sort == "g" else SORTS[self.sort][1]

    def _by_objective(self, job: JobState) -> tuple[bool, float]:
        """The best first; a loss is best where it is least."""
        found = self._progress(job)
        value = finite(found.objective) if found is not None else None
        if value is None or found is None:
            return (True, 0.0)
        return (False, value if is_loss(found.objective_name or "") else -value)

    def _by_share(self, job: JobState) -> tuple[bool, float]:
        """The furthest first."""
        found = self._progress(job)
        share = None if found is None else found.share
        return (share is None, -(share or 0.0))

    def _parameters(self) -> set[str]:
        """The names of all parameters."""
        return {name for job in self.state.spec.jobs for name in job.params}

    def sort_by(self, letter: str, reverse: bool = False) -> None:
        self.sort, self.reverse = letter, reverse
        self.rebuild()

    def only_problems(self, on: bool) -> None:
        self.problems_only = on
        self.rebuild()

    @property
    def is_whole(self) -> bool:
        """Whether every job is shown."""
        return self._test is None and not self.problems_only

    def update(self, changed: Iterable[int]) -> bool:
        """Processes changed jobs, given by plan index; True if rows came, went or moved."""
        key = self._key()
        jobs, keys = self.state.jobs, self._keys
        if self.is_whole and key is None:
            return False
        for index in changed:
            job = jobs[index]
            new = (key(job) if key else 0) if self._shows(job) else None
            if keys.get(index) != new:
                self.rebuild()
                return True
        return False

    def rebuild(self) -> None:
        key = self._key()
        jobs = self.state.jobs
        if self.is_whole:
            order = list(range(len(jobs)))
        else:
            order = [job.index for job in jobs if self._shows(job)]
        self._keys = {}
        if key is not None:
            keys = self._keys = {i: key(jobs[i]) for i in order}
            order.sort(key=keys.__getitem__)
        elif not self.is_whole:
            self._keys = dict.fromkeys(order, 0)
        if self.reverse:
            order.reverse()
        self.order = order
        self._rows_by_index = None

    def row_of(self, index: int) -> int | None:
        """The row of a plan index; None if the job is not shown."""
        if self._rows_by_index is None:
            self._rows_by_index = {index: row for row, index in enumerate(self.order)}
        return self._rows_by_index.get(index)

    def _shows(self, job: JobState) -> bool:
        if self.problems_only and job.phase not in PROBLEMS:
            return False
        return self._test is None or self._test(job)
