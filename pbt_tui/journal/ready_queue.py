"""The ready queue: which waiting jobs could start now, in plan order.

`apply` keeps it and the scheduler reads it. It decides nothing and holds no state of its own: it
follows from phases, `ready_at` and the active members of each population. Without it, each
decision would have to look at every job.

**Gang.** A population of several jobs. Its members have to train at the same time, so while none of
them is active, its waiting members start together: they are one unit, which exists only while all
of them are ready (`Gang.waiting`). Once a member is active, each ready member is a unit of its own
again, in the *gang backfill*, and goes before everything else. This happens after the first of them
was scheduled, and after the retry of one member in a running population.

**Buckets.** A waiting job is in one of seven:

- `alone`: ready, and not in a gang. It has an entry in `units`.
- `gang`: ready, in a gang without an active member. One entry in `units` stands for the gang, once
  all its waiting members are in this bucket.
- `gang_backfill`: ready, in a gang with an active member. It has an entry in `gang_backfill`.
- `delayed`: in back-off until `ready_at`. It has an entry in `delayed`.
- `unread`: the executor does not know yet what its next attempt goes on from. It is in `unread`,
  and the other members of its gang wait for it, as they wait for a back-off.
- `refused`: it cannot be continued. It is in `refused`, until the scheduler skips it.
- `blocked`: a job that it needs has not succeeded yet. It is in no heap, and the other members of
  its gang wait for it.

**Shape.** The number of GPUs that each member of a unit needs, the largest first. Units of one
shape fit or do not fit alike, so only the first in plan order can be next. `units` is a heap per
shape and `gang_backfill` a heap per need, and the scheduler reads their tops only: a decision costs
as much as there are shapes, not jobs.

**Delayed.** A back-off ends without an event, and the scheduler must not change the queue. So
`promote`, at the start of each `apply`, moves the jobs whose back-off is over; and `due` finds
those whose back-off ended since the last event, which the scheduler takes into account as well.

**Patience.** A unit that does not fit may be overtaken by units behind it, until it has been ready
for `policy.patience` seconds. From then on nothing behind it starts, provided that it would fit the
GPUs if they were empty: else it would hold up the queue for nothing. The queue has no clock and
knows no patience; `scheduler.decide` asks it of the tops. The time counts from the moment when the
last of its members became ready, but not from before `RunState.patience_from`.

**Version.** A heap cannot remove an entry from its middle. An entry stays when its job leaves, and
is void from then on: `clean`, at the end of each `apply`, drops void entries from the tops, so that
every top is valid for readers. Entries of single jobs are void when the bucket no longer matches,
and in `delayed` also when `ready_at` has changed. A gang's entry carries the `version` of the gang.
Each change of its waiting or active members raises the version and makes a new entry if the gang is
complete, so an entry of an older version is void.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from pbt_tui.journal.slots import Shape

Bucket = Literal["", "blocked", "delayed", "alone", "gang", "gang_backfill", "unread", "refused"]
"""Part of the ready queue that holds a job; empty: none does."""


class Gang(Struct, eq=False):
    """A population of several jobs, as the ready queue sees it."""

    id: str
    """Id of the population."""
    members: tuple[Schedulable, ...] = ()
    """All its jobs, in plan order."""
    active: int = 0
    """Number of its jobs with an active attempt."""
    version: int = 0
    """Rises when its waiting or active members change: entries of an older version are void."""
    waiting: tuple[Schedulable, ...] = ()
    """The members that would start together; empty while one is in back-off or unread, or one is
    active."""


class Schedulable(Protocol):
    """A job as the ready queue sees it."""

    index: int
    """Place in plan order, from 0."""
    bucket: Bucket
    """Part of the ready queue that the job is in; empty unless the job is waiting."""
    need: int
    """GPUs that an attempt occupies."""
    ready_at: float
    """Unix seconds before which it may not start: the end of its back-off."""
    gang: Gang | None
    """The population whose members start together; None if the job starts alone."""
    continues: bool
    """Whether the newest executor continues the members of its population."""
    needed: tuple[Any, ...]
    """The jobs that have to have succeeded before it starts."""

    @property
    def is_waiting(self) -> bool: ...
    @property
    def is_unread(self) -> bool: ...
    @property
    def refusal(self) -> str | None: ...
    @property
    def is_blocked(self) -> bool: ...


class ReadyQueue(Struct):
    """The heaps of waiting jobs; the tops are valid after each `clean`."""

    units: dict[Shape, list[tuple[int, int, Schedulable]]] = field(default_factory=dict)
    """Shape to heap of (plan index, gang version or -1, job), where a gang's entry holds its first
    waiting job."""
    gang_backfill: dict[int, list[tuple[int, Schedulable]]] = field(default_factory=dict)
    """Number of GPUs to heap of (plan index, job)."""
    delayed: list[tuple[float, int, Schedulable]] = field(default_factory=list)
    """Heap of (`ready_at`, plan index, job)."""
    unread: dict[int, Schedulable] = field(default_factory=dict)
    """Plan index to job: the jobs that wait for an answer."""
    refused: dict[int, Schedulable] = field(default_factory=dict)
    """Plan index to job: the jobs that cannot be continued."""
    _stale: dict[str, Gang] = field(default_factory=dict)
    """Gangs whose members changed since the last `clean`, by id."""
    moved: bool = False
    """Whether a top may have become void since the last `clean`."""

    def enter(self, job: Schedulable, at: float) -> None:
        """Adds a waiting job; until its `ready_at`, if that is after `at`, it is delayed."""
        self.moved = True
        if job.needed and job.is_blocked:
            job.bucket = "blocked"
        elif job.continues and job.is_unread:
            job.bucket = "unread"
            self.unread[job.index] = job
        elif job.continues and job.refusal is not None:
            job.bucket = "refused"
            self.refused[job.index] = job
        elif job.ready_at > at:
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
        """Removes a job; its entries become void."""
        if job.bucket == "unread":
            del self.unread[job.index]
        elif job.bucket == "refused":
            del self.refused[job.index]
        job.bucket = ""
        self.moved = True
        if job.gang is not None:
            self._stale[job.gang.id] = job.gang

    def touch(self, gang: Gang) -> None:
        """Notes that a member of `gang` became active, or that its attempt ended."""
        self.moved = True
        self._stale[gang.id] = gang

    def promote(self, at: float) -> None:
        """Moves the jobs whose back-off is over at `at` out of `delayed`."""
        while self.delayed and self.delayed[0][0] <= at:
            entry = heappop(self.delayed)
            if _delayed(entry):
                self.enter(entry[2], at)

    def clean(self) -> None:
        """Regroups changed gangs and drops void tops; called at the end of `apply` if `moved`."""
        self.moved = False
        if self._stale:
            for gang in self._stale.values():
                self._regroup(gang)
            self._stale.clear()
        for heap in self.units.values():
            while heap:
                job = heap[0][2]
                if job.bucket == "alone" or _in_units(heap[0]):
                    break
                heappop(heap)
        for backfill in self.gang_backfill.values():
            while backfill and backfill[0][1].bucket != "gang_backfill":
                heappop(backfill)
        while self.delayed and not _delayed(self.delayed[0]):
            heappop(self.delayed)

    def _regroup(self, gang: Gang) -> None:
        """Puts the ready members into the right bucket, and enters the gang if it is complete."""
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
        """The jobs whose back-off is over at `now` but which no event has moved yet.

        Changes nothing: it walks down the heap as far as `ready_at` is not later than `now`.
        """
        over: list[Schedulable] = []
        if not self.delayed or self.delayed[0][0] > now:
            return over
        nodes = [0]
        while nodes:
            i = nodes.pop()
            if i < len(self.delayed) and self.delayed[i][0] <= now:
                if _delayed(self.delayed[i]):
                    over.append(self.delayed[i][2])
                nodes += (2 * i + 1, 2 * i + 2)
        return over


def _delayed(entry: tuple[float, int, Schedulable]) -> bool:
    """Whether an entry of `delayed` is valid."""
    ready_at, _, job = entry
    return job.bucket == "delayed" and job.ready_at == ready_at


def _in_units(entry: tuple[int, int, Schedulable]) -> bool:
    """Whether the entry of a gang in `units` is valid; that of a job alone is by its bucket."""
    _, version, job = entry
    return job.gang is not None and bool(job.gang.waiting) and job.gang.version == version


def shape(jobs: Iterable[Schedulable]) -> Shape:
    """The shape of the unit that `jobs` would be."""
    return tuple(sorted((job.need for job in jobs), reverse=True))
