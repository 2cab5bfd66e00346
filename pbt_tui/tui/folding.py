"""Folds jobs that would have equal rows, such as waiting ones, into one row of the table.

A group stands where its first job would stand, and a person opens and closes it. Must not import
Textual.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from pbt_tui.journal.state import JobState
from pbt_tui.spec import Cause
from pbt_tui.tui.table_order import TableOrder

FoldKey = tuple[object, ...]
"""What the jobs of a group have in common: their state, and why they are in it."""
FEWEST = 4
"""Jobs that a group has at least: fewer have a row each."""


def fold_key(job: JobState) -> FoldKey | None:
    """The group of a job; None: it always has a row of its own."""
    phase = job.phase
    if phase == "waiting":
        begun = job.gang.id if job.gang is not None and job.gang.active else ""
        return ("waiting", job.need, begun, bool(job.attempts), job.is_unread)
    if phase == "failed":
        if not job.attempts:
            return ("failed", None)
        last = job.attempts[-1]
        return ("failed", _signature(last.cause, last.detail, last.exit_code, last.signal))
    if phase == "skipped":
        return ("skipped", job.why)
    if phase in ("starting", "running") and job.attempts[-1].queued:
        return ("queued", job.attempts[-1].queued)
    return None


@lru_cache(4096)
def _signature(cause: Cause | None, detail: str | None, code: int | None, sign: int | None) -> str:
    from pbt_tui.observe.failure_grouping import signature  # late: a run may have no failure

    return signature(cause, detail, code, sign)


class Fold(Struct):
    """A group of jobs with one row."""

    key: FoldKey
    jobs: list[int]
    """Plan indices of its jobs, in the order of the table."""
    is_open: bool = False
    """Whether its jobs have rows of their own, below it."""

    @property
    def state(self) -> str:
        """State of its jobs."""
        return str(self.key[0])


class FoldedRows:
    """The rows of the table: jobs and groups of jobs.

    `rows` holds a plan index for a job, and `~k` for the group `folds[k]`.
    """

    def __init__(self, order: TableOrder) -> None:
        self._order = order
        self._opened: set[FoldKey] = set()
        self._folds: list[Fold] = []
        self._rows: Sequence[int] = ()
        self._groups: dict[FoldKey, int] = {}
        self._group_of = array("i")
        """The group of each job by plan index; -1: none."""
        self._made_of: tuple[int, bool] | None = None
        self._places: dict[int, int] | None = None
        self.is_on = True
        """Whether jobs are folded; a filter, too, shows each job."""

    @property
    def rows(self) -> Sequence[int]:
        self._refresh()
        return self._rows

    @property
    def folds(self) -> list[Fold]:
        self._refresh()
        return self._folds

    def fold_at(self, row: int) -> Fold | None:
        """The group in this row; None: it is the row of a job, or there is none."""
        rows = self.rows
        return self._folds[~rows[row]] if row < len(rows) and rows[row] < 0 else None

    def job_at(self, row: int) -> int | None:
        """The plan index of the job in this row; None: it is the row of a group."""
        rows = self.rows
        return rows[row] if row < len(rows) and rows[row] >= 0 else None

    def row_of(self, index: int) -> int | None:
        """The row of a job, or of the closed group that holds it; None: it is not shown."""
        rows = self.rows
        if self._places is None:
            self._places = {row: place for place, row in enumerate(rows)}
        place = self._places.get(index)
        if place is None and self._folds and self._group_of[index] >= 0:
            fold = next((k for k, f in enumerate(self._folds) if self._holds(f, index)), None)
            place = None if fold is None else self._places.get(~fold)
        return place

    def row_of_fold(self, key: FoldKey) -> int | None:
        """The row of a group; None: there is no such group."""
        rows = self.rows
        fold = next((k for k, f in enumerate(self._folds) if f.key == key), None)
        return None if fold is None else rows.index(~fold)

    def live_jobs(self, fold: Fold) -> list[JobState]:
        """The jobs of a group that still belong to it: rows may be older than the state."""
        jobs = self._order.state.jobs
        return [jobs[i] for i in fold.jobs if fold_key(jobs[i]) == fold.key]

    def toggle(self, key: FoldKey) -> None:
        """Opens or closes a group."""
        self._opened ^= {key}
        self._made_of = None

    def toggle_all(self) -> bool:
        """Opens all groups, or closes them if one is open; returns whether they are open."""
        keys = {fold.key for fold in self.folds}
        opened = not keys & self._opened
        self._opened = keys if opened else set()
        self._made_of = None
        return opened

    def renew(self) -> None:
        """Makes the groups anew, because the run has changed, such as by another executor."""
        self._made_of = None

    def update(self, changed: Iterable[int]) -> bool:
        """Processes changed jobs, given by plan index; True if one entered or left a group."""
        if self._made_of is None or not self._group_of:
            return False
        jobs = self._order.state.jobs
        for index in changed:
            job = jobs[index]
            if job.gang is not None:  # its members may wait for another reason now
                self._made_of = None
                return True
            key = fold_key(job)
            if (-1 if key is None else self._groups.get(key)) != self._group_of[index]:
                self._made_of = None
                return True
        return False

    def _holds(self, fold: Fold, index: int) -> bool:
        return self._groups.get(fold.key) == self._group_of[index]

    def _refresh(self) -> None:
        order = self._order
        made_of = (order.version, self.is_on)
        if made_of == self._made_of:
            return
        self._made_of, self._places = made_of, None
        self._rows, self._folds, self._groups = order.order, [], {}
        self._group_of = array("i")
        if self.is_on and not order.text:
            self._fold(order.order, order.state.jobs)

    def _fold(self, order: Sequence[int], jobs: Sequence[JobState]) -> None:
        groups = self._groups
        group_of = self._group_of = array("i", [-1]) * len(jobs)
        members: list[list[int]] = []
        for index in order:
            key = fold_key(jobs[index])
            if key is None:
                continue
            group = groups.get(key)
            if group is None:
                group = groups[key] = len(members)
                members.append([])
            group_of[index] = group
            members[group].append(index)
        if max(map(len, members), default=0) < FEWEST:
            return
        keys = list(groups)
        rows: list[int] = []
        done = [len(one) < FEWEST for one in members]
        few = done.copy()
        for index in order:
            group = group_of[index]
            if group < 0 or few[group]:
                rows.append(index)
            elif not done[group]:
                done[group] = True
                rows.append(~len(self._folds))
                fold = Fold(keys[group], members[group], keys[group] in self._opened)
                self._folds.append(fold)
                if fold.is_open:
                    rows += fold.jobs
        self._rows = rows
