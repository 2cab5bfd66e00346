"""The state of a run at any earlier time, found without folding its whole journal again.

`apply` alone makes each state. On its way through the journal, a history keeps the state from time
to time; a state in between is a copy of the kept one before it, onto which the events up to the
wanted time are folded. Two kept states share the jobs that no event between them changed.

The journal is the only source: of a kept state the history knows where its next event begins, and
reads on from there, with all checks of `Tail`.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import events as ev
from pbt_tui.journal.file import JournalPlace, Tail, damage
from pbt_tui.journal.fold import apply
from pbt_tui.journal.garbage import without_collections
from pbt_tui.journal.indexes import make_indexes
from pbt_tui.journal.replaying import apply_line, impossible
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.state_copies import copy_run, copy_state, is_same, own_attempts
from pbt_tui.spec import Processes

_SLICE = 1 << 16
"""Bytes of journal that are read at once: a state is wanted in the middle of them."""
FEWEST, MOST = 2048, 16384
"""Least and most events between two kept states: a state costs memory for each job that changed."""
_OF_A_JOB = (
    ev.AttemptScheduled,
    ev.ContinuationKnown,
    ev.AttemptWaiting,
    ev.AttemptStarted,
    ev.AttemptEnded,
    ev.StopRequested,
    ev.KillRequested,
    ev.JobSkipped,
)
"""Events that change one job and its newest attempt; others change no attempt."""
_UNSEEN = (ev.ContinuationKnown, ev.RequestRefused, ev.RunRehomed)
"""Events that no page shows."""


@dataclass(slots=True)
class ExecutorLife:
    """The part of the journal that one executor wrote."""

    seq: int
    """The line of its `executor_started`."""
    pid: int
    """Its process id."""
    last_at: float
    """When it wrote its last event, in Unix seconds."""


class _Kept(NamedTuple):
    place: JournalPlace
    """Where the next event begins."""
    run: RunState
    """What the state holds besides its jobs."""
    jobs: list[JobState]
    """The jobs of the state; no event is ever applied to them."""


class _Fold:
    """A state that grows, and which of its jobs have attempts of their own.

    Args:
        state: The state.
        tail: Reads its next events.
    """

    def __init__(self, state: RunState, tail: Tail) -> None:
        self.state = state
        self.tail = tail
        self.touched: set[int] = set()
        """Plan indices of the jobs whose own event was applied."""
        self.all_touched = False
        """Whether an event was applied that may have changed any job."""

    def apply(self, event: ev.AnyEvent) -> None:
        """Raises `JournalDamaged` if the event is illegal."""
        if isinstance(event, _OF_A_JOB):
            job = self.state.by_id.get(event.job)
            if job is not None and job.index not in self.touched:
                self.touched.add(job.index)
                own_attempts(job)
        else:
            self.all_touched = True
        try:
            apply(self.state, event)
        except ImpossibleEvent as e:
            raise impossible(self.tail.path, event, e) from e

    def forward(self, seq: int, end: int) -> None:
        """Applies the events up to a line; fewer if the journal does not hold them any more.

        Args:
            seq: The line.
            end: Bytes of the journal that are known to be whole lines, up to this one at least.
        """
        tail, state = self.tail, self.state
        while state.seq < seq and tail.offset < end:
            for event in tail.read(min(_SLICE, end - tail.offset)):
                if state.seq == seq or event.seq != state.seq + 1:
                    return
                self.apply(event)


class StateHistory:
    """The states of a run, by time and by line of its journal.

    Example:
        >>> from pbt_tui.spec import FORMAT, Policy
        >>> plan = Processes(format=FORMAT, run="a", module="", train_dir="t", policy=Policy(),
        ...                  container=None, populations=(), jobs=())
        >>> history = StateHistory(Path("_pbt/journal.jsonl"), plan)
        >>> history.read()
        False
        >>> history.at(1_700_000_000.0).seq
        0
    """

    def __init__(self, journal: Path, spec: Processes) -> None:
        self.spec = spec
        """What the run is to do."""
        self.times = array("d")
        """When each event happened, in Unix seconds, in the order of their lines."""
        self.seen = array("q")
        """The lines of the events that change something that a person sees."""
        self.failures = array("q")
        """The lines of the events after which a job was failed."""
        self.executors: list[ExecutorLife] = []
        """The executors of the run, the first one first."""
        self.whole = False
        """Whether the journal has been read to its end."""
        self.replaced = False
        """Whether another journal has replaced this one, or lines were cut off: make another
        history."""
        self._spacing = max(FEWEST, min(MOST, 2 * len(spec.jobs)))
        self._fold = _Fold(RunState(spec), Tail(journal))
        self._fold.state.indexed = False
        self._kept: list[_Kept] = []
        self._seqs: list[int] = []
        """The last line of each kept state."""
        self._keep()

    def __len__(self) -> int:
        return len(self.times)

    def read(self, budget: float = 0.05) -> bool:
        """Reads on for about `budget` seconds; returns whether there was anything new.

        Raises:
            JournalDamaged: if a line is no event, or an illegal one.
            JournalNewer: if a later version wrote the journal.
            OSError: if the journal cannot be read.
        """
        end = time.perf_counter() + budget
        fold, news = self._fold, False
        with without_collections():
            while True:
                events = fold.tail.read(_SLICE)
                if fold.tail.life:
                    self.replaced = True
                    return True
                if not events:
                    self.whole = True
                    return news
                news = True
                for event in events:
                    self._take(event)
                if len(self.times) - self._seqs[-1] >= self._spacing:
                    self._keep()
                if time.perf_counter() >= end:
                    return True

    def read_all(self) -> None:
        """Reads to the end of the journal. Raises what `read` raises."""
        while not self.whole and not self.replaced:
            self.read(budget=1.0)

    def _take(self, event: ev.AnyEvent) -> None:
        fold = self._fold
        if isinstance(event, ev.ExecutorStarted):
            self.executors.append(ExecutorLife(event.seq, event.pid, event.at))
        before = fold.state.counts["failed"]
        fold.apply(event)
        self.times.append(event.at)
        if self.executors:
            self.executors[-1].last_at = event.at
        if not isinstance(event, _UNSEEN):
            self.seen.append(event.seq)
        if fold.state.counts["failed"] > before:
            self.failures.append(event.seq)

    def _keep(self) -> None:
        """Keeps the state as it is now."""
        fold = self._fold
        state = fold.state
        jobs = list(self._kept[-1].jobs) if self._kept else [copy(job) for job in state.jobs]
        for index in fold.touched:
            jobs[index] = copy(state.jobs[index])
        if fold.all_touched:
            for job in state.jobs:
                if not is_same(jobs[job.index], job):
                    jobs[job.index] = copy(job)
        fold.touched, fold.all_touched = set(), False
        self._kept.append(_Kept(fold.tail.place, copy_run(state), jobs))
        self._seqs.append(state.seq)

    # -- states ------------------------------------------------------------------------------------

    def line_at(self, moment: float) -> int:
        """The last line at a time or before it; 0 before the first.

        Args:
            moment: The time, in Unix seconds.
        """
        return bisect_right(self.times, moment)

    def at(self, moment: float) -> RunState:
        """The state at a time: after all events up to it.

        Args:
            moment: The time, in Unix seconds.

        Raises:
            JournalDamaged: if the journal is damaged by now.
            OSError: if the journal cannot be read.
        """
        return self.after(self.line_at(moment))

    def after(self, seq: int) -> RunState:
        """The state after a line of the journal, with all indexes; nobody else has it.

        Args:
            seq: The line, from 0, which is the state before the first event.
        """
        with without_collections():
            kept = self._kept[bisect_right(self._seqs, max(0, seq)) - 1]
            fold = _Fold(copy_state(kept.run, kept.jobs), Tail(self._fold.tail.path, kept.place))
            fold.forward(min(seq, len(self.times)), self._fold.tail.offset)
            make_indexes(fold.state)
        return fold.state

    # -- moments -----------------------------------------------------------------------------------

    def next_seen(self, moment: float) -> float | None:
        """When something that a person sees changes next after a time; None: nothing does."""
        return _after(self.seen, self.times, moment)

    def last_seen(self, moment: float) -> float | None:
        """When something that a person sees changed last before a time; None: nothing did."""
        return _before(self.seen, self.times, moment)

    def next_failure(self, moment: float) -> float | None:
        """When a job fails next after a time; None: none does."""
        return _after(self.failures, self.times, moment)

    def last_failure(self, moment: float) -> float | None:
        """When a job failed last before a time; None: none did."""
        return _before(self.failures, self.times, moment)

    def failures_from(self, seq: int) -> int:
        """How often a job fails after a line."""
        return len(self.failures) - bisect_right(self.failures, seq)


def _after(lines: array[int], times: array[float], moment: float) -> float | None:
    place = bisect_right(lines, bisect_right(times, moment))
    return times[lines[place] - 1] if place < len(lines) else None


def _before(lines: array[int], times: array[float], moment: float) -> float | None:
    place = bisect_right(lines, bisect_left(times, moment)) - 1
    return times[lines[place] - 1] if place >= 0 else None


def state_at(journal: Path, spec: Processes, moment: float, known: int = 0) -> RunState:
    """The state of a run at a time. Several states of one run cost less with a `StateHistory`.

    Args:
        journal: The journal of the run.
        spec: What the run is to do.
        moment: The time, in Unix seconds.
        known: Number of lines that the journal has had; fewer are damage.

    Raises:
        JournalDamaged: if a line is no event, or an illegal one, or if lines are gone.
        JournalNewer: if a later version wrote the journal.
        OSError: if the journal cannot be read.
    """
    state, tail = RunState(spec), Tail(journal)
    while events := tail.read(_SLICE):
        for event in events:
            if event.at > moment:
                return state
            apply_line(state, journal, event)
    if tail.line < known:
        raise damage(journal, tail.line + 1, f"it had {known} lines, and this one is gone")
    return state
