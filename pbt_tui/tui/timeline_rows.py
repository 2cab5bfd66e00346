"""The rows of the time line: the executor, then the slots of each GPU or node, or the jobs.

It follows the run: an update costs the jobs that changed. Must not import Textual or read files.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pbt_tui.journal.events import ExecutorStarted, Gpu, RunOpened
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.nvml import Samples
from pbt_tui.observe.occupancy import BAD, Lane, LaneGroup, Occupancy, lane_of
from pbt_tui.observe.run_spans import Landmark, RunSpan, run_spans, without_executor
from pbt_tui.tui.labels import node_name
from pbt_tui.tui.render.timeline import Foreign
from pbt_tui.tui.text import safe

_BUSY = 5
"""Per cent of use from which a GPU without an attempt is used by another program."""


class Follows(Protocol):
    """What is read of `journal_follower.JournalFollower`."""

    landmarks: list[Landmark]
    """The events about the run."""
    holder: int | None
    """Process id of the executor; None: none runs."""

    @property
    def state(self) -> RunState:
        """The state of the run."""


@dataclass(frozen=True)
class TimeRow:
    """One row of the time line; that of the executor has neither a lane nor a job."""

    label: str
    """Its name at the left."""
    lane: Lane | None = None
    """Its attempts."""
    group: LaneGroup | None = None
    """The GPU or node of a slot."""
    job: JobState | None = None
    """The job of a row per job."""

    @property
    def gpu(self) -> Gpu | None:
        """The GPU of a slot."""
        return self.group.gpu if self.group is not None else None


class TimelineRows:
    """All rows.

    Args:
        follower: The follower of the run.
    """

    def __init__(self, follower: Follows) -> None:
        self._follower = follower
        self.of_jobs = False
        """Whether there is a row per job."""
        self.begin = 0.0
        """When the run was opened, in Unix seconds."""
        self.end = 1.0
        """The end of what is known."""
        self.spans: list[RunSpan] = []
        """When no executor ran, and when the run was held, closed or a GPU drained."""
        self._state: RunState | None = None
        self._landmarks = 0
        self._of_spans: tuple[object, ...] = ()
        self._slots: list[TimeRow] = []
        self._order: Sequence[int] = ()
        self._failures: tuple[int, list[tuple[float, int, int]]] = (-1, [])
        self.occupancy = Occupancy()

    @property
    def state(self) -> RunState:
        """The state of the run."""
        return self._follower.state

    # -- following ---------------------------------------------------------------------------------

    def update(self, jobs: Iterable[int] | None, *, by_node: bool, clock: float) -> None:
        """Takes changes of the run.

        Args:
            jobs: Plan indices of the jobs that changed; None: any.
            by_node: Whether a cluster places the attempts.
            clock: The time, in Unix seconds.
        """
        state, landmarks = self.state, self._follower.landmarks
        anew = state is not self._state or by_node != self.occupancy.by_node
        if anew or self._landmarks > len(landmarks):
            self.occupancy = Occupancy(by_node=by_node)
            self._state, self._landmarks, jobs = state, 0, None
        occupancy = self.occupancy
        for _, event, _ in landmarks[self._landmarks :]:
            slots = event.policy.experiments_per_gpu if isinstance(event, ExecutorStarted) else 0
            if isinstance(event, ExecutorStarted) and slots >= 1 and not by_node:
                occupancy.set_gpus(event.gpus, slots)
            elif isinstance(event, RunOpened):
                self.begin = event.at
        self._landmarks = len(landmarks)
        occupancy.update(state, range(len(state.jobs)) if jobs is None else jobs, landmarks)
        if len(self._slots) != sum(len(group.lanes) for group in occupancy.groups):
            self._slots = list(self._slot_rows())
        self.passes(clock)

    def passes(self, clock: float) -> None:
        """Lets time pass without events: the end of what is known moves.

        Without an executor, an open run shows for how long it has had none, but its life never
        takes less than half of the picture.
        """
        state, live = self.state, self._follower.holder is not None
        last = max(state.at, self.begin)
        end = max(last, clock)
        if not live:
            life = max(last - self.begin, 60.0)
            end = last if state.closed is not None else min(end, last + life)
        self.end = end
        of = (state, len(self._follower.landmarks), live, None if live else end)
        if of == self._of_spans:
            return
        self._of_spans = of
        self.spans = run_spans(self._follower.landmarks, last, end)
        if not live:
            gap = without_executor(self._follower.landmarks, last, end)
            self.spans += [gap] if gap is not None else []

    def _slot_rows(self) -> Iterator[TimeRow]:
        for group in self.occupancy.groups:
            name = f"GPU {group.name}" if group.gpu is not None else node_name(group.name)
            name = safe(name)
            for i, lane in enumerate(group.lanes):
                label = f"{name} ·{i + 1}" if name and len(group.lanes) > 1 else name
                yield TimeRow(label or f"slot {i + 1}", lane, group)

    # -- rows --------------------------------------------------------------------------------------

    def order(self, jobs: Sequence[int]) -> None:
        """Says which jobs have rows, and in which order."""
        self._order = jobs

    def __len__(self) -> int:
        return 1 + (len(self._order) if self.of_jobs else len(self._slots))

    def row(self, index: int) -> TimeRow:
        """A row, from 0: that of the executor."""
        if index <= 0 or index >= len(self):
            return TimeRow("executor")
        if not self.of_jobs:
            return self._slots[index - 1]
        job = self.state.jobs[self._order[index - 1]]
        return TimeRow(safe(job.spec.id), lane_of(self.state, job), job=job)

    def row_of(self, job: int, number: int, moment: float) -> int | None:
        """The row that shows an attempt at a moment; None: none does."""
        if self.of_jobs:
            return self._order.index(job) + 1 if job in self._order else None
        for i, row in enumerate(self._slots, 1):
            lane = row.lane
            if lane is None:
                continue
            place = bisect_left(lane.begins, moment)
            for near in range(max(0, place - 2), min(len(lane), place + 2)):
                if (lane.jobs[near], lane.numbers[near]) == (job, number):
                    return i
        return None

    def nearest(self, row: TimeRow, moment: float) -> tuple[int, int, float] | None:
        """The attempt of a row at a moment, else the next, else the last: job, number, begin."""
        if row.lane is None or not len(row.lane):
            return None
        held = row.lane.held(min(bisect_left(row.lane.ends, moment), len(row.lane) - 1))
        return held.job, held.number, held.begin

    @property
    def longest_label(self) -> int:
        """Cells of the longest label."""
        if self.of_jobs:
            return max(8, min(26, max((len(j.spec.id) for j in self.state.jobs[:2000]), default=8)))
        return max(8, *(len(row.label) for row in self._slots), 0)

    # -- what a person looks for -------------------------------------------------------------------

    def idle(self, row: TimeRow, begin: float, end: float) -> Iterator[tuple[float, float]]:
        """The times in which a slot was idle or a job waited, oldest first."""
        if row.lane is None:
            known = sorted((s.begin, s.end) for s in self.spans if s.kind == "no_executor")
            yield from ((a, b) for a, b in known if b > begin and a < end)
            return
        yield from row.lane.idle(begin, min(end, self.over(row)))

    def idle_at(self, row: TimeRow, moment: float) -> tuple[float, float] | None:
        """The idle time around a moment; None: there is none."""
        if row.lane is None:
            return None
        return row.lane.idle_at(moment, self.begin, self.over(row) + 1e-9)

    def over(self, row: TimeRow) -> float:
        """The end of a row: a job that has ended waits no longer."""
        if row.job is not None and row.job.phase not in ("waiting", "starting", "running"):
            attempt = row.job.attempt
            ended = row.job.since if attempt is None else attempt.ended_at
            return self.end if ended is None else min(self.end, ended)
        return self.end

    def longest_idle(self) -> tuple[int, float] | None:
        """The row with the longest idle time between attempts, and its middle; None: none was.

        The time after the newest start counts only while jobs wait: after that, no slot is missing.
        """
        state = self.state
        until = self.end if state.counts["waiting"] else min(self.end, self.occupancy.last_begin)
        best, found = 0.0, None
        for i, row in enumerate(self._slots, 1):
            for begin, end in row.lane.idle(self.begin, until) if row.lane is not None else ():
                if end - begin > best:
                    best, found = end - begin, (i, (begin + end) / 2)
        return found

    def failure(self, moment: float, *, later: bool) -> tuple[float, int, int] | None:
        """The next failure after a moment, or the last one before: when, job and attempt."""
        state = self.state
        if self._failures[0] != state.seq:
            found = [
                (min(a.ended_at, state.at), job.index, a.number)
                for job in state.jobs
                for a in job.attempts
                if a.outcome in BAD and a.ended_at is not None
            ]
            self._failures = state.seq, sorted(found)
        known = self._failures[1]
        place = bisect_right(known, (moment, math.inf)) if later else bisect_left(known, (moment,))
        place = place if later else place - 1
        return known[place] if 0 <= place < len(known) else None

    def foreign(self, row: TimeRow, samples: Samples | None) -> list[Foreign]:
        """When other programs used the GPU of a row, as far as the executor has sampled it."""
        group = row.group
        if samples is None or group is None or group.gpu is None:
            return []
        gpu, found = group.gpu, []
        for sample in samples.gpus:
            one, other = sample.uuid, gpu.uuid
            if one != other if one and other else sample.index != gpu.index:
                continue
            for i, use in enumerate(reversed(sample.history)):
                end = samples.at - 60.0 * i
                if use is None or use < _BUSY or self._is_used(group, end - 60.0, end):
                    continue
                found.append(Foreign(end - 60.0, end, f"used {use} % by another program"))
            if sample.others:
                found.append(Foreign(samples.at - 60.0, samples.at + 60.0, safe(sample.others)))
        return found

    def _is_used(self, group: LaneGroup, begin: float, end: float) -> bool:
        """Whether an attempt of this run used a GPU in a time."""
        return any(low < high for low, high in (la.within(begin, end) for la in group.lanes))


def key_of(row: TimeRow) -> tuple[object, ...]:
    """What a drawn row depends on, besides the view."""
    job = row.job
    if job is not None:
        last = job.attempt
        about = () if last is None else (last.outcome, last.started_at, last.stop_at)
        return job.index, job.phase, len(job.attempts), *about
    return id(row.lane), 0 if row.lane is None else row.lane.version


def held_now(held: Mapping[str, str], moment: float, end: float) -> dict[str, str]:
    """Who holds GPUs at a moment: known for the last minute alone."""
    return dict(held) if end - moment <= 60.0 else {}
