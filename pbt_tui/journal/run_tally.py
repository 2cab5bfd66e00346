"""Counts the jobs of a run by phase from its journal, in little memory: for lists of many runs.

It reads the same transition table as `fold.apply`, and a test compares the counts of both. It keeps
a few numbers of each job that has not ended, and nothing of what no list shows, such as GPUs and
handles. Whoever shows or changes a run folds its journal with `fold.apply`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import events as ev
from pbt_tui.journal.lookup import written_at
from pbt_tui.journal.transitions import ACTIVE, ENDED, TABLE, Move, Phase
from pbt_tui.spec import Policy

DURATIONS = 512
"""Durations of the newest jobs that succeeded, by which the time left is estimated."""


class _Open:
    """What is kept of a job that has begun and not ended."""

    __slots__ = ("answered", "begun", "cancelled", "known", "question", "source", "tries")

    def __init__(self) -> None:
        self.tries = 0
        self.cancelled = False
        self.begun: float | None = None
        """When the process of its active attempt started."""
        self.question = 0
        self.answered = -1
        """The question that `known` answers."""
        self.known = 0
        """When the generation was written that the next attempt goes on from."""
        self.source = 0
        """When that of the newest attempt was written."""


class RunTally:
    """The counts of a run after some events of its journal.

    Args:
        jobs: Number of jobs in the spec.
        policy: Policy of the spec, which holds until an executor has started.

    Example:
        >>> tally = RunTally(3, Policy())
        >>> tally.add([ev.AttemptScheduled(seq=1, at=5.0, job="a", attempt=1, gpus=())])
        >>> tally.counts["waiting"], tally.counts["starting"]
        (2, 1)
    """

    def __init__(self, jobs: int, policy: Policy) -> None:
        self.jobs = jobs
        """Number of jobs in the spec."""
        self.policy = policy
        """Effective policy."""
        self.counts: dict[Phase, int] = dict.fromkeys(TABLE, 0)
        """Number of jobs in each phase."""
        self.counts["waiting"] = jobs
        self.executor: ev.ExecutorStarted | None = None
        """The newest start of an executor."""
        self.held = False
        """Whether a person put the run on hold."""
        self.stopping = False
        """Whether a person asked to stop the run since the newest start of an executor."""
        self.closed: ev.Verdict | None = None
        """How the run went; None while it is open."""
        self.opened_at: float | None = None
        """When the run was opened, in Unix seconds; None: the journal is empty."""
        self.at: float | None = None
        """When the newest event was recorded, in Unix seconds; None: the journal is empty."""
        self.failed_at: float | None = None
        """When a job failed last, in Unix seconds; None: none did."""
        self.durations: deque[float] = deque(maxlen=DURATIONS)
        """Seconds that the newest of the succeeded jobs took."""
        self._others: Phase = "waiting"
        """Phase of the jobs that no event has named."""
        self._phases: dict[str, Phase] = {}
        self._open: dict[str, _Open] = {}
        self._asked_all = 0
        """The newest event that raised the question of every waiting job."""

    def add(self, events: Iterable[ev.AnyEvent]) -> None:
        """Counts more events. Raises `ImpossibleEvent` if the transition table forbids one."""
        handlers = _HANDLERS
        for event in events:
            self.at = event.at
            handler = handlers.get(type(event))
            if handler is not None:
                handler(self, event)

    def running(self) -> list[tuple[str, float | None]]:
        """The jobs with an active attempt, and when its process started, if it has."""
        return [
            (name, job.begun) for name, job in self._open.items() if self._phases[name] in ACTIVE
        ]

    def forget_jobs(self) -> None:
        """Drops what is known of single jobs. Only the numbers stay, and `add` must not follow."""
        self._phases = {}
        self._open = {}

    # -- the handlers of events --------------------------------------------------------------------

    def _run_opened(self, e: ev.RunOpened) -> None:
        self.opened_at = e.at

    def _run_rehomed(self, e: ev.RunRehomed) -> None:
        self._asked_all = e.seq

    def _executor_started(self, e: ev.ExecutorStarted) -> None:
        self.executor, self.policy = e, e.policy
        self.stopping = False
        self._asked_all = e.seq

    def _run_closed(self, e: ev.RunClosed) -> None:
        self.closed = e.verdict

    def _scheduled(self, e: ev.AttemptScheduled) -> None:
        self._move(e.job, "scheduled", e)
        job = self._open.get(e.job)
        if job is None:
            job = self._open[e.job] = _Open()
        is_known = job.answered == max(job.question, self._asked_all)
        job.source = job.known if is_known else 0
        job.answered, job.begun = -1, None

    def _started(self, e: ev.AttemptStarted) -> None:
        self._move(e.job, "started", e)
        job = self._open[e.job]
        if job.begun is None:
            job.begun = e.at
        if e.source is not UNSET:
            written = written_at(e.source)
            if written > job.source:
                job.tries = 0
            job.source = written

    def _stop_requested(self, e: ev.StopRequested) -> None:
        self._move(e.job, "stop", e)

    def _kill_requested(self, e: ev.KillRequested) -> None:
        self._move(e.job, "kill", e)

    def _ended(self, e: ev.AttemptEnded) -> None:
        self._move(e.job, "ended", e)

    def _continuation_known(self, e: ev.ContinuationKnown) -> None:
        job = self._open.get(e.job)
        if job is None or self._phases[e.job] != "waiting":
            return
        if e.after != max(job.question, self._asked_all):
            return
        job.answered, job.known = e.after, written_at(e.source)
        if job.known > job.source:
            job.tries = 0

    def _request_accepted(self, e: ev.RequestAccepted) -> None:
        match e.action:
            case "cancel" | "kill":
                for name in self._asked(e):
                    self._move(name, "cancel asked", e)
                if not e.jobs:
                    self._move_others("cancel asked")
            case "retry":
                self._retry(e)
            case "hold":
                self.held = True
            case "release":
                self.held = False
            case "stop":
                self.stopping = True
            case "drain" | "undrain":
                pass

    def _job_skipped(self, e: ev.JobSkipped) -> None:
        self._move(e.job, "skipped", e)

    def _retry(self, e: ev.RequestAccepted) -> None:
        before = self.counts["waiting"]
        for name in self._asked(e):
            phase = self._phases.get(name, self._others)
            if not e.jobs and phase == "succeeded":
                continue
            self._move(name, "retry asked", e)
            job = self._open.get(name)
            if job is not None and phase == "waiting" and (e.jobs or e.anew is not UNSET):
                job.question = e.seq
                if e.jobs:
                    job.tries = 0
        if not e.jobs and self._others in ENDED:
            self._move_others("retry asked")
        if self.counts["waiting"] > before and self.closed is not None:
            self.closed, self.held = None, False

    def _asked(self, e: ev.RequestAccepted) -> Iterable[str]:
        return e.jobs or list(self._phases)

    # -- the phases --------------------------------------------------------------------------------

    def _move_others(self, move: Move) -> None:
        """Moves the jobs that no event has named, all at once."""
        target = TABLE[self._others].get(move)
        if target in self.counts:
            count = self.jobs - len(self._phases)
            self.counts[self._others] -= count
            self.counts[target] += count
            self._others = target

    def _move(self, name: str, move: Move, event: ev.Event) -> None:
        phases = self._phases
        before = phases.get(name)
        if before is None:
            before = phases[name] = self._others
            if len(phases) > self.jobs:
                raise ImpossibleEvent(f"more jobs than the spec has: {event}")
        target = TABLE[before].get(move)
        if target is None:
            raise ImpossibleEvent(f"illegal: {move} while {before}: {event}")
        if target == "by outcome":
            assert isinstance(event, ev.AttemptEnded)
            target = self._by_outcome(self._open[name], event)
        if target == "same":
            return
        if target == "flag":
            self._open[name].cancelled = True
            return
        self.counts[before] -= 1
        self.counts[target] += 1
        phases[name] = target
        if target in ENDED:
            self._open.pop(name, None)
        elif target == "waiting":
            job = self._open.get(name)
            if job is None:
                job = self._open[name] = _Open()
            job.question, job.begun = event.seq, None

    def _by_outcome(self, job: _Open, e: ev.AttemptEnded) -> Phase:
        """The phase after an end, as `fold` finds it."""
        if e.outcome == "succeeded":
            if job.begun is not None:
                self.durations.append(e.ended_at - job.begun)
            return "succeeded"
        if job.cancelled or (e.outcome == "stopped" and e.cause == "cancelled"):
            return "cancelled"
        if e.outcome == "interrupted":
            return "waiting"
        job.tries += 1
        again = e.cause in self.policy.retry_on if e.again is UNSET else e.again
        if again and job.tries <= self.policy.retries:
            return "waiting"
        self.failed_at = e.at
        return "failed"


_HANDLERS: dict[type, Callable[[RunTally, Any], None]] = {
    ev.RunOpened: RunTally._run_opened,
    ev.RunRehomed: RunTally._run_rehomed,
    ev.ExecutorStarted: RunTally._executor_started,
    ev.RunClosed: RunTally._run_closed,
    ev.AttemptScheduled: RunTally._scheduled,
    ev.AttemptStarted: RunTally._started,
    ev.StopRequested: RunTally._stop_requested,
    ev.KillRequested: RunTally._kill_requested,
    ev.AttemptEnded: RunTally._ended,
    ev.ContinuationKnown: RunTally._continuation_known,
    ev.RequestAccepted: RunTally._request_accepted,
    ev.JobSkipped: RunTally._job_skipped,
}
