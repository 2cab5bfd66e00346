"""What could start, in plan order: the indexes that make a decision cost the same at any size.

Must not decide: it is kept by `apply` and read by the scheduler. Nothing here is part of a run's
meaning: it follows from the phases and could be rebuilt from them.

A waiting job is in one of three buckets: alone, with its whole gang, or in the gang backfill (its
population is already active, so it goes before everything else). A job in back-off is in
`delayed` until an event at or after its time moves it. Entries that no longer hold are left in the
heaps and dropped when they come to the top: `clean` keeps the tops true for readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal, Protocol

from pbt_tui.journal.slots import Shape

Bucket = Literal["", "delayed", "alone", "gang", "gang_backfill"]


@dataclass(slots=True, eq=False)
class Gang:
    """A population as the ready queue sees it."""

    id: str
    members: tuple[Schedulable, ...] = ()
    active: int = 0
    version: int = 0
    """Rises when its waiting members change: older entries in the line are void."""
    waiting: tuple[Schedulable, ...] = ()
    """The ready members that would begin together; empty while they cannot."""


class Schedulable(Protocol):
    """A job as the ready queue sees it."""

    index: int
    bucket: Bucket
    need: int
    ready_at: float
    gang: Gang | None

    @property
    def is_waiting(self) -> bool: ...


@dataclass(slots=True)
class ReadyQueue:
    """The ready: a heap per shape of the whole unit, a heap per need of the gang backfill."""

    units: dict[Shape, list[tuple[int, int, Schedulable]]] = field(default_factory=dict)
    """(plan index, gang version or -1, first job): the plan index of a gang is its first's."""
    gang_backfill: dict[int, list[tuple[int, Schedulable]]] = field(default_factory=dict)
    delayed: list[tuple[float, int, Schedulable]] = field(default_factory=list)
    _stale: dict[str, Gang] = field(default_factory=dict)
    _moved: bool = False
    """Whether a top may have become untrue since the last `clean`."""

    def enter(self, job: Schedulable, at: float) -> None:
        """The job waits: from now on, or from its `ready_at`."""
        self._moved = True
        if job.ready_at > at:
            job.bucket = "delayed"
            heappush(self.delayed, (job.ready_at, job.index, job))
        elif job.gang is None:
            job.bucket = "alone"
            heappush(self.units.setdefault((job.need,), []), (job.index, -1, job))
        else:
            job.bucket = "gang"
        if job.gang is not None:
            self._stale[job.gang.id] = job.gang

    def leave(self, job: Schedulable) -> None:
        job.bucket = ""
        self._moved = True
        if job.gang is not None:
            self._stale[job.gang.id] = job.gang

    def touch(self, gang: Gang) -> None:
        """A member became active or ended."""
        self._moved = True
        self._stale[gang.id] = gang

    def promote(self, at: float) -> None:
        """Moves those whose back-off is over into the line."""
        while self.delayed and self.delayed[0][0] <= at:
            entry = heappop(self.delayed)
            if _delayed(entry):
                self.enter(entry[2], at)

    def clean(self) -> None:
        """Makes the tops true again; called at the end of every `apply`."""
        if not self._moved:
            return
        self._moved = False
        if self._stale:
            for gang in self._stale.values():
                self._regroup(gang)
            self._stale.clear()
        for heap in self.units.values():
            while heap and not _in_line(heap[0]):
                heappop(heap)
        for backfill in self.gang_backfill.values():
            while backfill and backfill[0][1].bucket != "gang_backfill":
                heappop(backfill)
        while self.delayed and not _delayed(self.delayed[0]):
            heappop(self.delayed)

    def _regroup(self, gang: Gang) -> None:
        gang.version += 1
        gang.waiting = ()
        if gang.active:
            for job in gang.members:
                if job.bucket == "gang":
                    job.bucket = "gang_backfill"
                    heappush(self.gang_backfill.setdefault(job.need, []), (job.index, job))
            return
        waiting = [job for job in gang.members if job.is_waiting]
        for job in waiting:
            if job.bucket == "gang_backfill":
                job.bucket = "gang"
        if waiting and all(job.bucket == "gang" for job in waiting):
            gang.waiting = tuple(waiting)
            heap = self.units.setdefault(shape(waiting), [])
            heappush(heap, (waiting[0].index, gang.version, waiting[0]))

    def due(self, now: float) -> list[Schedulable]:
        """Those whose back-off is over but whom no event has moved yet; does not change a thing."""
        found: list[Schedulable] = []
        if not self.delayed or self.delayed[0][0] > now:
            return found
        level = [0]
        while level:
            i = level.pop()
            if i < len(self.delayed) and self.delayed[i][0] <= now:
                if _delayed(self.delayed[i]):
                    found.append(self.delayed[i][2])
                level += (2 * i + 1, 2 * i + 2)
        return found


def _delayed(entry: tuple[float, int, Schedulable]) -> bool:
    ready_at, _, job = entry
    return job.bucket == "delayed" and job.ready_at == ready_at


def _in_line(entry: tuple[int, int, Schedulable]) -> bool:
    _, version, job = entry
    if job.gang is None:
        return job.bucket == "alone"
    return bool(job.gang.waiting) and job.gang.version == version


def shape(jobs: Iterable[Schedulable]) -> Shape:
    return tuple(sorted((job.need for job in jobs), reverse=True))
