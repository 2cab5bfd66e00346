"""Which attempt held which slot when: lanes of attempts that never overlap, and the gaps between.

Each GPU has a lane for each of its slots, each node of a cluster and the run itself as many as
attempts ran there at once. Pure. An attempt costs a few numbers, and an update costs the jobs that
changed.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from pbt_tui.journal.events import AttemptStarted, Gpu
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.observe.run_spans import Landmark

BAD = ("failed", "lost", "refused")
"""Outcomes that a time line marks as failures."""
_LATEST = 1e11
"""The latest time that is drawn, in Unix seconds: clocks and files may hold anything."""


class HeldSlot(NamedTuple):
    """One attempt in a lane."""

    job: int
    """Plan index of its job."""
    number: int
    """Number of the attempt."""
    begin: float
    """When it took the slot, in Unix seconds."""
    end: float
    """When it left it; infinite while it is active."""


class Lane:
    """The attempts in one slot, oldest first; they never overlap."""

    def __init__(self) -> None:
        self.begins = array("d")
        self.ends = array("d")
        self.jobs = array("l")
        self.numbers = array("l")
        self.version = 0
        """Rises with each change."""
        self._busy = array("d")
        """Seconds held by all attempts before this one."""
        self._bad = array("l")
        """Failures up to this one, as far as they have ended."""

    def __len__(self) -> int:
        return len(self.begins)

    def add(self, job: int, number: int, begin: float, end: float, *, bad: bool) -> int:
        """Adds an attempt after all others; returns its place."""
        last = len(self.begins) - 1
        self._busy.append(
            self._busy[last] + self.ends[last] - self.begins[last] if last >= 0 else 0
        )
        self._bad.append((self._bad[last] if last >= 0 else 0) + bad)
        self.begins.append(begin)
        self.ends.append(max(begin, end))
        self.jobs.append(job)
        self.numbers.append(number)
        self.version += 1
        return last + 1

    def close(self, end: float, *, bad: bool) -> None:
        """Ends the last attempt, which is active."""
        self.ends[-1] = max(self.begins[-1], end)
        self._bad[-1] += bad
        self.version += 1

    def cut(self, end: float) -> None:
        """Lets the last attempt end at `end`, where another one begins."""
        self.ends[-1] = max(self.begins[-1], min(self.ends[-1], end))
        self.version += 1

    def held(self, place: int) -> HeldSlot:
        """The attempt at a place."""
        return HeldSlot(self.jobs[place], self.numbers[place], self.begins[place], self.ends[place])

    def within(self, begin: float, end: float) -> tuple[int, int]:
        """First and last place, exclusive, of the attempts that touch a time."""
        low = bisect_right(self.ends, begin)
        while low and self.begins[low - 1] >= begin:  # attempts that lasted no time
            low -= 1
        return low, max(low, bisect_left(self.begins, end))

    def busy(self, low: int, high: int, begin: float, end: float) -> float:
        """Seconds of a time that the attempts from `low` to `high`, exclusive, held."""
        if low >= high:
            return 0.0
        first = min(self.ends[low], end) - max(self.begins[low], begin)
        if high - low == 1:
            return max(0.0, first)
        last = min(self.ends[high - 1], end) - self.begins[high - 1]
        between = self._busy[high - 1] - self._busy[low + 1]
        return max(0.0, first) + between + max(0.0, last)

    def failures(self, low: int, high: int) -> int:
        """How many of the attempts from `low` to `high`, exclusive, failed."""
        if low >= high:
            return 0
        return self._bad[high - 1] - (self._bad[low - 1] if low else 0)

    def idle(self, begin: float, end: float) -> Iterator[tuple[float, float]]:
        """The times between the attempts, within a time, oldest first."""
        low, high = self.within(begin, end)
        free = begin
        for place in range(low, high):
            if self.begins[place] > free:
                yield free, self.begins[place]
            free = max(free, self.ends[place])
        if free < end:
            yield free, end

    def idle_at(self, moment: float, begin: float, end: float) -> tuple[float, float] | None:
        """The idle time around a moment, within a time; None: an attempt holds the slot."""
        after = bisect_right(self.begins, moment)
        free = max(begin, self.ends[after - 1]) if after else begin
        if free > moment or not begin <= moment < end:
            return None
        return free, min(end, self.begins[after]) if after < len(self.begins) else end


@dataclass(slots=True)
class LaneGroup:
    """The lanes of one GPU, of one node, or of the run."""

    name: str
    """What they are: an index or UUID of a GPU, a node, or empty."""
    gpu: Gpu | None = None
    """The GPU."""
    most: int = 0
    """Slots of it; 0: any number."""
    lanes: list[Lane] = field(default_factory=list)
    """Its lanes."""
    _closed: list[tuple[float, int]] = field(default_factory=list)
    """Heap of the ends of lanes, and their places."""
    _free: list[int] = field(default_factory=list)
    """Heap of the places of lanes that are free."""

    def take(self, begin: float) -> int:
        """The place of the first lane that is free at a time."""
        while self._closed and self._closed[0][0] <= begin:
            end, place = heappop(self._closed)
            if self.lanes[place].ends[-1] == end:
                heappush(self._free, place)
        if self._free:
            return heappop(self._free)
        if self.most and len(self.lanes) >= self.most and self._closed:
            # The executor counts slots. An end after this begin is one by another clock.
            _, place = heappop(self._closed)
            self.lanes[place].cut(begin)
            return place
        self.lanes.append(Lane())
        return len(self.lanes) - 1

    def ended(self, place: int) -> None:
        """Takes note that the last attempt of a lane has ended."""
        heappush(self._closed, (self.lanes[place].ends[-1], place))

    def fill(self) -> None:
        """Makes a lane for each slot."""
        while len(self.lanes) < self.most:
            self.lanes.append(Lane())
            heappush(self._free, len(self.lanes) - 1)


class Occupancy:
    """All groups of lanes of a run.

    Args:
        by_node: Whether nodes of a cluster hold the attempts, and not this machine.
    """

    def __init__(self, *, by_node: bool = False) -> None:
        self.by_node = by_node
        self.groups: list[LaneGroup] = []
        """GPUs in the order of the executor, then what else was used."""
        self.begin = math.inf
        """When the first attempt took a slot, in Unix seconds; infinite: none did."""
        self.last_begin = -math.inf
        """When the newest attempt took a slot."""
        self._of: dict[str, LaneGroup] = {}
        self._seen: dict[int, int] = {}
        """Plan index to the number of attempts that are in lanes."""
        self._open: dict[int, list[tuple[LaneGroup, int]]] = {}
        """Plan index to the lanes of the active attempt."""
        self._restarts: dict[tuple[str, int], int] = {}

    def update(
        self, state: RunState, jobs: Iterable[int], landmarks: Iterable[Landmark] = ()
    ) -> bool:
        """Adds what is new of these jobs; returns whether anything was.

        Args:
            state: The state of the run.
            jobs: Plan indices.
            landmarks: All events about the run: GPUs of executors, and restarts in a cluster.
        """
        moves: dict[tuple[str, int], list[tuple[float, str | None]]] = {}
        for _, event, node in landmarks:
            if isinstance(event, AttemptStarted):
                moves.setdefault((event.job, event.attempt), []).append((event.at, node))
        new: list[tuple[float, int, JobState, Attempt]] = []
        changed = False
        for index in jobs:
            job = state.jobs[index]
            if index in self._open:
                changed |= self._end(state, job, moves)
            known = self._seen.get(index, 0)
            for attempt in job.attempts[known:]:
                begin = attempt.started_at if self.by_node else attempt.scheduled_at
                if begin is not None:
                    new.append((begin, attempt.seq, job, attempt))
        new.sort(key=lambda one: one[:2])
        for begin, _, job, attempt in new:
            self._place(state, job, attempt, begin, moves)
        return changed or bool(new)

    def set_gpus(self, gpus: Iterable[Gpu], slots: int) -> None:
        """Makes groups for the GPUs of an executor, with so many slots each."""
        for gpu in gpus:
            group = self._group(gpu)
            group.most = max(group.most, slots)
            group.fill()

    # -- placing -----------------------------------------------------------------------------------

    def _group(self, gpu: Gpu) -> LaneGroup:
        names = [text for text in (gpu.uuid, gpu.index) if text is not None]
        for text in names:
            if (found := self._of.get(f"gpu {text}")) is not None:
                other = found.gpu
                if gpu.uuid is None or other is None or other.uuid in (None, gpu.uuid):
                    return found
        group = LaneGroup(str(gpu.uuid if gpu.index is None else gpu.index), gpu)
        self.groups.append(group)
        for text in names:
            self._of.setdefault(f"gpu {text}", group)
        return group

    def _named(self, name: str) -> LaneGroup:
        """The group of a node, which is named with its domain or without."""
        name = name.partition(".")[0]
        group = self._of.get(f"node {name}")
        if group is None:
            group = self._of[f"node {name}"] = LaneGroup(name)
            self.groups.append(group)
        return group

    def _groups_of(self, attempt: Attempt) -> list[LaneGroup]:
        if self.by_node:
            return [self._named(attempt.node or "")]
        if attempt.devices:
            return [self._group(gpu) for gpu in dict.fromkeys(attempt.devices)]
        return [self._named(name) for name in dict.fromkeys(attempt.gpus)] or [self._named("")]

    def _place(
        self,
        state: RunState,
        job: JobState,
        attempt: Attempt,
        begin: float,
        moves: Mapping[tuple[str, int], list[tuple[float, str | None]]],
    ) -> None:
        begin = max(0.0, min(begin, _LATEST))
        self._seen[job.index] = attempt.number
        self.begin, self.last_begin = min(self.begin, begin), max(self.last_begin, begin)
        for at, node in moves.get((job.spec.id, attempt.number), []) if self.by_node else []:
            self._hold(self._named(node or ""), job, attempt, begin, at, bad=False)
            begin = max(begin, min(at, _LATEST))
        if self.by_node:
            self._restarts[job.spec.id, attempt.number] = attempt.restarts
        end = _end(state, attempt)
        for group in self._groups_of(attempt):
            self._hold(group, job, attempt, begin, end, bad=attempt.outcome in BAD)

    def _hold(
        self,
        group: LaneGroup,
        job: JobState,
        attempt: Attempt,
        begin: float,
        end: float,
        *,
        bad: bool,
    ) -> None:
        place = group.take(begin)
        lane = group.lanes[place]
        if len(lane):
            begin = max(begin, lane.ends[-1])
        lane.add(job.index, attempt.number, begin, end, bad=bad)
        if math.isinf(end):
            self._open.setdefault(job.index, []).append((group, place))
        else:
            group.ended(place)

    def _end(
        self,
        state: RunState,
        job: JobState,
        moves: Mapping[tuple[str, int], list[tuple[float, str | None]]],
    ) -> bool:
        """Ends an attempt that was active, or the stay of a task on the node that it has left."""
        attempt = job.attempts[self._seen[job.index] - 1]
        name = job.spec.id, attempt.number
        moved = self.by_node and attempt.restarts != self._restarts.get(name)
        if attempt.outcome is None and not moved:
            return False
        at = moves[name][-1][0] if moved and name in moves else state.at
        end = at if moved else _end(state, attempt)
        bad = not moved and attempt.outcome in BAD
        for group, place in self._open.pop(job.index):
            group.lanes[place].close(end, bad=bad)
            group.ended(place)
        if moved:
            self._restarts[name] = attempt.restarts
            end, bad = _end(state, attempt), attempt.outcome in BAD
            self._hold(self._named(attempt.node or ""), job, attempt, at, end, bad=bad)
        return True


def lane_of(state: RunState, job: JobState) -> Lane:
    """The attempts of one job as a lane; an attempt in a queue takes its time, too."""
    lane = Lane()
    for attempt in job.attempts:
        begin = max(0.0, min(attempt.scheduled_at, _LATEST))
        if len(lane):
            lane.cut(begin)
        bad = attempt.outcome in BAD
        lane.add(job.index, attempt.number, begin, _end(state, attempt), bad=bad)
    return lane


def _end(state: RunState, attempt: Attempt) -> float:
    """When an attempt left its slot: never later than it was told; infinite while it is active."""
    if attempt.outcome is None:
        return math.inf
    end = state.at if attempt.ended_at is None else attempt.ended_at
    return max(0.0, min(end, state.at, _LATEST))
