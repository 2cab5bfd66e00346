"""Filters and sorts the jobs for the table. Must not import Textual.

`order` is rebuilt only when a change moves a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.tui.sort_orders import Measures, SortOrder, orders

if TYPE_CHECKING:
    from pbt_tui.tui.query import Predicate

PROBLEMS = ("failed", "stopping", "cancelled", "skipped")
_HIDDEN: Final = object()
"""Stands for the key of a job that is not shown."""


class TableOrder:
    """`order` holds the plan indices of the jobs shown, in the order of the table."""

    def __init__(
        self,
        state: RunState,
        measures: Measures | None = None,
        parameters: Sequence[str] = (),
    ) -> None:
        self.state = state
        self._measures = measures or Measures()
        self._orders = orders(parameters)
        self.order: Sequence[int] = range(len(state.jobs))
        self.version = 0
        """Rises whenever `order` is made anew."""
        self.sort = "t"
        self.reverse = False
        self.text = ""
        self.problems_only = False
        self.problem: str | None = None
        """Why the filter cannot be understood; None: it can."""
        self._test: Predicate | None = None
        self._keys: list[Any] = []
        """The key of each job by plan index; empty: the order follows from the plan alone."""
        self.rebuild()

    def reset(self, state: RunState, parameters: Sequence[str] = ()) -> None:
        """Replaces the state by another one, of the same or of another run."""
        self.state = state
        self._orders = orders(parameters)
        self.rebuild()

    def measure_with(self, measures: Measures) -> None:
        """Sorts by other values of progress from the next `rebuild` on."""
        self._measures = measures

    def filter(self, text: str) -> None:
        from pbt_tui.tui.query import compile_filter  # late, for a fast first page

        self.text = text.strip()
        self._test, self.problem = compile_filter(self.text, self._parameters)
        self.rebuild()

    @property
    def sorted_by(self) -> SortOrder:
        """The order; plan order where the run has no such parameter any more."""
        return self._orders.get(self.sort) or self._orders["p"]

    @property
    def by_progress(self) -> bool:
        """Whether rows may move although no job has changed its state."""
        return self.sorted_by.by_progress

    def offered(self, useless: Iterable[str] = ()) -> dict[str, SortOrder]:
        """The orders by their letters, without those by columns that tell nothing."""
        hidden = set(useless)
        return {k: order for k, order in self._orders.items() if order.column not in hidden}

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
        jobs, keys = self.state.jobs, self._keys
        if not keys:
            return False
        key = self.sorted_by.key
        for index in changed:
            job = jobs[index]
            new: Any = _HIDDEN
            if self._shows(job):
                new = key(job, self._measures) if key else None
            if keys[index] != new:
                self.rebuild()
                return True
        return False

    def rebuild(self) -> None:
        key, measures, jobs = self.sorted_by.key, self._measures, self.state.jobs
        self.version += 1
        self._keys = []
        if self.is_whole:
            order: Sequence[int] = range(len(jobs))
        else:
            order = [job.index for job in jobs if self._shows(job)]
        if key is None:
            if not self.is_whole:
                self._keys = [_HIDDEN] * len(jobs)
                for i in order:
                    self._keys[i] = None
            self.order = order[::-1] if self.reverse else order
            return
        if self.is_whole:
            order = [job.index for job in jobs]  # the numbers of a range would be other objects
            keys = self._keys = [key(job, measures) for job in jobs]
        else:
            keys = self._keys = [_HIDDEN] * len(jobs)
            for i in order:
                keys[i] = key(jobs[i], measures)
        missing = [i for i in order if keys[i] is None]
        known = order if not missing else [i for i in order if keys[i] is not None]
        self.order = sorted(known, key=keys.__getitem__, reverse=self.reverse) + missing

    def _shows(self, job: JobState) -> bool:
        if self.problems_only and job.phase not in PROBLEMS:
            return False
        return self._test is None or self._test(job)
