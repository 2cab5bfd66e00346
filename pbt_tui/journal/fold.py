"""`apply`, the only code that changes the state of a run (law 2).

Must not do IO, read a clock or decide anything: the same events give the same state for the
executor, the TUI, `--json` and the tests. Its known weak spot: the indexes of `queue` and
`to_stop` are kept by hand here, so whoever adds an event must think of both; the tests compare
them with what the phases say after every event.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import events as ev
from pbt_tui.journal.due_stops import clean_deadlines, review_stop, set_deadline
from pbt_tui.journal.ready_queue import ReadyQueue
from pbt_tui.journal.slots import Slots, named, same
from pbt_tui.journal.state import ACTIVE, ENDED, Attempt, JobState, RunState, story
from pbt_tui.journal.transitions import TABLE, Move, Phase, Special
from pbt_tui.spec import Processes


def replay(spec: Processes, events: Iterable[ev.AnyEvent]) -> RunState:
    """The state after `events`."""
    state = RunState(spec)
    # A collection walks over all that was read so far and finds nothing: a third of the time.
    pause = gc.isenabled()
    gc.disable()
    try:
        for event in events:
            apply(state, event)
    finally:
        if pause:
            gc.enable()
    return state


def apply(state: RunState, event: ev.AnyEvent) -> None:
    """Folds one event into `state`. Raises `ImpossibleEvent` with the job's story."""
    if event.at < state.at:
        raise ImpossibleEvent(f"time goes back: {event.at} after {state.at}: {event}")
    state.seq = event.seq
    state.at = event.at
    if state.ready_queue.delayed:
        state.ready_queue.promote(event.at)
    _HANDLERS[type(event)](state, event)
    state.ready_queue.clean()
    if state.deadlines:
        clean_deadlines(state)


# -- the run ---------------------------------------------------------------------------------------


def _run_opened(state: RunState, e: ev.RunOpened) -> None:
    state.run_id = e.run_id
    state.digest = e.digest
    state.cwd = e.cwd
    state.train_dir = e.train_dir


def _executor_started(state: RunState, e: ev.ExecutorStarted) -> None:
    state.executor = e
    state.policy = e.policy
    state.ports = None if e.ports is UNSET else e.ports
    state.stop = None
    state.patience_from = e.at
    state.slots = Slots(e.gpus, e.policy.experiments_per_gpu)
    _mark_drained(state)
    for job in state.active.values():
        state.slots.take(job.attempts[-1].devices)
    # What follows from the policy is laid anew, since it may have changed: O(jobs), once a start.
    last = max((job.attempts[-1].scheduled_at for job in state.jobs if job.attempts), default=0.0)
    state.next_start = last + e.policy.pause_between if last else 0.0
    state.deadlines = []
    for job in state.active.values():
        set_deadline(state, job)
    state.ready_queue = ReadyQueue()
    for gang in state.gangs.values():
        gang.waiting = ()
    for job in state.jobs:
        own = job.spec.resources.gpus if job.spec.resources else None
        job.need = e.policy.gpus_per_job if own is None else own
        job.bucket = ""
        if job.phase == "waiting":
            state.ready_queue.enter(job, e.at)
            _ask(job, e)
    for job in state.active.values():
        review_stop(state, job)


def _run_closed(state: RunState, e: ev.RunClosed) -> None:
    if state.active or state.counts["waiting"]:
        raise ImpossibleEvent(f"closed while jobs are open: {state.counts}")
    state.closed = e.verdict


# -- attempts --------------------------------------------------------------------------------------


def _attempt_scheduled(state: RunState, e: ev.AttemptScheduled) -> None:
    job = _job(state, e.job, e)
    if e.attempt != len(job.attempts) + 1:
        raise ImpossibleEvent(f"attempt numbers only rise by one: {e}\n{story(job)}")
    _move(state, job, "scheduled", e)
    known = state.executor.gpus if state.executor else ()
    devices = tuple(g for g in (named(text, known) for text in e.gpus) if g is not None)
    attempt = Attempt(e.attempt, e.gpus, e.at, devices)
    if e.args or e.env or e.why or e.anew:
        attempt.args, attempt.env, attempt.why, attempt.anew = e.args, e.env or None, e.why, e.anew
    if e.port is not None:
        attempt.port = state.last_port = e.port
    if job.continuation is not None:
        attempt.source = job.continuation.source
        job.continuation = None
    job.attempts.append(attempt)
    state.slots.take(devices)
    state.next_start = e.at + state.policy.pause_between
    review_stop(state, job)


def _continuation_known(state: RunState, e: ev.ContinuationKnown) -> None:
    """Kept only where it answers the newest question: a late answer is about an older world."""
    job = _job(state, e.job, e)
    if job.phase != "waiting" or e.attempt != len(job.attempts) + 1 or e.after != job.question:
        return
    job.continuation = e
    if _written(e.source) > _written(job.attempts[-1].source if job.attempts else None):
        job.tries = 0  # it got further than where the last attempt began: no failure in a row


def _written(source: ev.Source | None) -> int:
    return source.stamp.written if source is not None and source.stamp is not None else 0


def _attempt_waiting(state: RunState, e: ev.AttemptWaiting) -> None:
    job, attempt = _attempt(state, e)
    if job.phase not in ACTIVE:
        raise ImpossibleEvent(f"not active: {e}\n{story(job)}")
    attempt.queued = e.reason


def _attempt_started(state: RunState, e: ev.AttemptStarted) -> None:
    job, attempt = _attempt(state, e)
    _move(state, job, "started", e)
    attempt.queued = None
    attempt.handle = e.handle
    attempt.node = e.node
    if e.restart is not None:
        attempt.restarts = e.restart
    if e.source is not UNSET:
        attempt.source = e.source
    if attempt.anew:
        job.anew = False
    if attempt.started_at is None:
        attempt.started_at = e.at
        if attempt.stop_at is None:
            set_deadline(state, job)


def _stop_requested(state: RunState, e: ev.StopRequested) -> None:
    job, attempt = _attempt(state, e)
    _move(state, job, "stop", e)
    attempt.stop_why = e.why
    attempt.stop_at = e.at
    set_deadline(state, job)
    review_stop(state, job)


def _kill_requested(state: RunState, e: ev.KillRequested) -> None:
    job, attempt = _attempt(state, e)
    _move(state, job, "kill", e)
    attempt.kill_at = e.at
    review_stop(state, job)


def _attempt_ended(state: RunState, e: ev.AttemptEnded) -> None:
    job, attempt = _attempt(state, e)
    attempt.outcome = e.outcome
    attempt.exit_code = e.exit_code
    attempt.signal = e.signal
    attempt.cause = e.cause
    attempt.detail = e.detail
    attempt.line = e.line
    attempt.ended_at = e.ended_at
    attempt.queued = None
    state.slots.take(attempt.devices, -1)
    _move(state, job, "ended", e)


def _by_outcome(state: RunState, job: JobState, e: ev.AttemptEnded) -> Phase:
    """Where an end leads; counts the try and sets the back-off."""
    if e.outcome == "succeeded":
        return "succeeded"
    if job.cancel or (e.outcome == "stopped" and e.cause == "cancelled"):
        return "cancelled"
    if e.outcome == "interrupted":
        job.ready_at = e.at
        return "waiting"
    job.tries += 1
    if e.cause in state.policy.retry_on and job.tries <= state.policy.retries:
        job.ready_at = e.at + state.policy.retry_delay * 2.0 ** (job.tries - 1)
        return "waiting"
    return "failed"


# -- what people ask -------------------------------------------------------------------------------


def _request_accepted(state: RunState, e: ev.RequestAccepted) -> None:
    state.seen.add(e.id)
    match e.action:
        case "cancel" | "kill":
            for job in _asked(state, e):
                _cancel(state, job, hard=e.action == "kill", event=e)
        case "retry":
            _retry(state, e)
        case "hold":
            state.held = True
        case "release":
            state.held = False
            state.patience_from = e.at
        case "drain" | "undrain":
            known = (*(state.executor.gpus if state.executor else ()), *state.drained)
            asked = [g for g in (named(text, known) for text in e.gpus) if g is not None]
            others = tuple(d for d in state.drained if not any(same(d, g) for g in asked))
            state.drained = (*others, *asked) if e.action == "drain" else others
            _mark_drained(state)
        case "stop":
            state.stop = "kill" if state.stop else "stop"
            for job in state.active.values():
                review_stop(state, job)


def _cancel(state: RunState, job: JobState, *, hard: bool, event: ev.Event) -> None:
    _move(state, job, "cancel asked", event)
    if job.phase in ACTIVE:
        if job.cancel != "hard":
            job.cancel = "hard" if hard else "soft"
        review_stop(state, job)


def _retry(state: RunState, e: ev.RequestAccepted) -> None:
    returned = 0
    for job in _asked(state, e):
        if not e.jobs and job.phase == "succeeded":
            continue
        if job.phase in ENDED:
            job.tries = 0
            job.cancel = None
            job.why = None
            job.ready_at = e.at
            returned += 1
        elif job.phase == "waiting" and e.jobs:
            job.tries = 0
            job.ready_at = e.at
            state.ready_queue.leave(job)
            state.ready_queue.enter(job, e.at)
            _ask(job, e)
        if e.anew is not UNSET:
            job.anew = True
        _move(state, job, "retry asked", e)
    if returned:
        state.failures = 0
        for job in state.active.values():
            review_stop(state, job)
        if state.closed:
            state.closed = None
            state.held = False
            state.patience_from = e.at


def _request_refused(state: RunState, e: ev.RequestRefused) -> None:
    state.seen.add(e.id)


def _job_skipped(state: RunState, e: ev.JobSkipped) -> None:
    job = _job(state, e.job, e)
    _move(state, job, "skipped", e)
    job.why = e.why
    state.first_waiting = job.index + 1


# -- one place where a phase changes ---------------------------------------------------------------


def _move(state: RunState, job: JobState, move: Move, event: ev.Event) -> None:
    target: Phase | Special | None = TABLE[job.phase].get(move)
    if target is None:
        raise ImpossibleEvent(f"illegal: {move} while {job.phase}: {event}\n{story(job)}")
    if target == "by outcome":
        assert isinstance(event, ev.AttemptEnded)
        target = _by_outcome(state, job, event)
    if target == "same" or target == "flag":  # noqa: PLR1714  # narrows the type
        return
    before, after = job.phase, target
    state.counts[before] -= 1
    state.counts[after] += 1
    job.phase = after
    job.since = event.at
    was_active, is_active = before in ACTIVE, after in ACTIVE
    if was_active != is_active:
        step = 1 if is_active else -1
        if is_active:
            state.active[job.index] = job
        else:
            del state.active[job.index]
            state.to_stop.pop(job.index, None)
        if job.gang is not None:
            job.gang.active += step
            state.ready_queue.touch(job.gang)
    if after == "waiting":
        state.first_waiting = min(state.first_waiting, job.index)
        state.ready_queue.enter(job, event.at)
        _ask(job, event)
    elif before == "waiting":
        state.ready_queue.leave(job)
    if after == "failed":
        before_fast = state.failing_fast
        state.failures += 1
        if state.failing_fast and not before_fast:
            for other in state.active.values():
                review_stop(state, other)


def _ask(job: JobState, event: ev.Event) -> None:
    """What the next attempt goes on from is open again, and what was known of it is void."""
    if job.attempts:
        job.question = event.seq
        job.continuation = None


def _mark_drained(state: RunState) -> None:
    state.slots.drained = [any(same(g, d) for d in state.drained) for g in state.slots.gpus]


def _asked(state: RunState, e: ev.RequestAccepted) -> list[JobState]:
    return [_job(state, name, e) for name in e.jobs] if e.jobs else state.jobs


def _job(state: RunState, name: str, event: ev.Event) -> JobState:
    job = state.by_id.get(name)
    if job is None:
        raise ImpossibleEvent(f"no such job in the spec: {event}")
    return job


def _attempt(
    state: RunState,
    e: ev.AttemptWaiting
    | ev.AttemptStarted
    | ev.AttemptEnded
    | ev.StopRequested
    | ev.KillRequested,
) -> tuple[JobState, Attempt]:
    job = _job(state, e.job, e)
    if not job.attempts or job.attempts[-1].number != e.attempt:
        raise ImpossibleEvent(f"not the newest attempt: {e}\n{story(job)}")
    return job, job.attempts[-1]


_HANDLERS: dict[type, Callable[[RunState, Any], None]] = {
    ev.RunOpened: _run_opened,
    ev.ExecutorStarted: _executor_started,
    ev.AttemptScheduled: _attempt_scheduled,
    ev.ContinuationKnown: _continuation_known,
    ev.AttemptWaiting: _attempt_waiting,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptEnded: _attempt_ended,
    ev.StopRequested: _stop_requested,
    ev.KillRequested: _kill_requested,
    ev.RequestAccepted: _request_accepted,
    ev.RequestRefused: _request_refused,
    ev.JobSkipped: _job_skipped,
    ev.RunClosed: _run_closed,
}
