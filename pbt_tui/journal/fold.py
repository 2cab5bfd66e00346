"""The fold: `apply(state, event)` is the only code that changes the state of a run.

The journal holds events, and the state is what `apply` makes of them, one after the other, from the
empty `RunState` of a spec. The executor applies each event and then appends it to the journal;
monitor, `--json` and tests reach the same state by `replay`.

An event is one of two kinds. A *decision* (`events.DECISIONS`) says what the executor is about to
do: schedule, stop or kill an attempt, skip a job, drain a GPU, close the run. It is on disk before
the executor performs it. Every other event is a *fact*: an executor began, an attempt started or
ended, a person asked for something.

`apply` takes four steps:

1. It refuses an event older than the last one, and stores `seq` and `at`.
2. It moves the jobs whose back-off is over at `event.at` into the ready queue.
3. It calls the handler of the event's type. `_move` is the only function that changes a phase; it
   looks the phase and the move up in `transitions.TABLE`. The entry names the new phase, leaves the
   phase as it is (`same`, `flag`), or leaves the choice to `_by_outcome`.
4. It removes what no longer holds from the tops of the ready queue and of the deadlines.

`apply` guarantees:
- It is deterministic: it reads its arguments only, no clock and no random numbers, and does no IO.
  `RunState.meaning` holds what live state and replay must have in common.
- Number of jobs in each phase, active jobs and busy slots follow from the phases, so none leaks.
- A `continuation_known` that answers an older question changes nothing.

An illegal event raises `ImpossibleEvent` with the history of its job: a move that the table lacks,
a job that the spec lacks, an attempt that is not the newest, an attempt number that is not the
next, `attempt_waiting` for a job without an active attempt, `run_closed` while a job is waiting or
active, and a time that goes back. Each is a bug of the writer; the state may be half changed. A
late fact about an attempt that has ended is no bug: the executor drops it before `apply`.

`apply` also keeps four indexes: `slots`, `ready_queue`, `to_stop` and `deadlines`. They follow from
jobs, attempts and policy, and add nothing to the state. They are kept here because `decide` runs
after every event and must not look at every job. A new handler must keep them, too. `_move` keeps
the ready queue, and takes ended jobs out of `to_stop`. The handlers do the rest: `slots.take` where
an attempt takes or frees GPUs, `set_deadline` where a time limit or a grace begins, `review_stop`
where `stop_at`, `kill_at`, `cancel`, `state.stop` or the failures change. `executor_started` alone
changes policy and GPUs, and rebuilds all four. `replay` makes ready queue and deadlines at its end.
The simulated world in `tests/core` compares the indexes with the phases after every event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import events as ev
from pbt_tui.journal.device_health import DeviceHealth
from pbt_tui.journal.drained_gpus import drain
from pbt_tui.journal.due_stops import clean_deadlines, review_stop, set_deadline
from pbt_tui.journal.garbage import without_collections
from pbt_tui.journal.groups import counts_as_failure, moved
from pbt_tui.journal.indexes import empty_indexes, make_indexes
from pbt_tui.journal.lookup import asked_jobs, find_job, illegal, newest_attempt, story
from pbt_tui.journal.needed_jobs import reconsider
from pbt_tui.journal.questions import ask, say_which_continue, take_answer, take_source
from pbt_tui.journal.slots import Slots
from pbt_tui.journal.state import ACTIVE, ENDED, Attempt, JobState, RunState
from pbt_tui.journal.transitions import TABLE, Move, Phase, Special
from pbt_tui.spec import Processes


def replay(spec: Processes, events: Iterable[ev.AnyEvent]) -> RunState:
    """The state after `events`. Raises `ImpossibleEvent` at the first illegal event."""
    with without_collections():
        state = RunState(spec)
        state.indexed = False
        for event in events:  # what `apply` does, without its call and without indexes
            if event.at < state.at:
                apply(state, event)  # refuses it
            state.seq = event.seq
            state.at = event.at
            _HANDLERS[type(event)](state, event)
        make_indexes(state)
    return state


def apply(state: RunState, event: ev.AnyEvent) -> None:
    """Changes `state` by one event. Raises `ImpossibleEvent` if the event is illegal in it."""
    if event.at < state.at:
        raise ImpossibleEvent(f"time goes back: {event.at} after {state.at}: {event}")
    state.seq = event.seq
    state.at = event.at
    if state.ready_queue.delayed:
        state.ready_queue.promote(event.at)
    _HANDLERS[type(event)](state, event)
    if state.ready_queue.moved:
        state.ready_queue.clean()
    if state.deadlines:
        clean_deadlines(state)


# -- the run ---------------------------------------------------------------------------------------


def _run_opened(state: RunState, e: ev.RunOpened) -> None:
    state.digest = e.digest
    _run_rehomed(state, e)


def _run_rehomed(state: RunState, e: ev.RunOpened | ev.RunRehomed) -> None:
    state.run_id, state.cwd, state.train_dir = e.run_id, e.cwd, e.train_dir
    _journal_is(state, e)
    for job in (job for job in state.jobs if job.question and job.is_waiting):
        ask(state, job, e)


def _journal_is(state: RunState, e: ev.RunOpened | ev.ExecutorStarted | ev.RunRehomed) -> None:
    if e.inode is not UNSET:
        # Another inode at the same place: the journal was restored from a copy.
        if isinstance(e, ev.RunRehomed) or state.inode not in (None, e.inode):
            of_files = UNSET if isinstance(e, ev.RunOpened) else e.files_at
            state.moved_at = e.at if of_files is UNSET else of_files
        state.inode, state.inode_since = e.inode, e.seq


def _executor_started(state: RunState, e: ev.ExecutorStarted) -> None:
    _journal_is(state, e)
    state.executor = e
    state.policy = e.policy
    state.ports = None if e.ports is UNSET else e.ports
    state.stop = None
    state.patience_from = e.at
    state.slots = Slots(e.gpus, e.policy.experiments_per_gpu)
    state.slots.drain(state.drained)
    state.health = DeviceHealth()
    for job in state.active.values():
        state.slots.take(job.attempts[-1].devices)
    # The policy may have changed: rebuild what follows from it. This costs O(jobs) per start.
    last = max((job.attempts[-1].scheduled_at for job in state.jobs if job.attempts), default=0.0)
    state.next_start = last + e.policy.pause_between if last else 0.0
    empty_indexes(state)
    say_which_continue(state, e)
    for job in state.jobs:
        own = job.spec.resources.gpus if job.spec.resources else None
        job.need = e.policy.gpus_per_job if own is None else own
        if job.phase == "waiting":
            ask(state, job, e)
    for job in state.active.values():
        set_deadline(state, job)
        review_stop(state, job)


def _run_closed(state: RunState, e: ev.RunClosed) -> None:
    if state.active or state.counts["waiting"]:
        raise ImpossibleEvent(f"closed while jobs are open: {state.counts}")
    state.closed = e.verdict


# -- attempts --------------------------------------------------------------------------------------


def _attempt_scheduled(state: RunState, e: ev.AttemptScheduled) -> None:
    job = find_job(state, e.job, e)
    if e.attempt != len(job.attempts) + 1:
        raise ImpossibleEvent(f"attempt numbers only rise by one: {e}\n{story(job)}")
    _move(state, job, "scheduled", e)
    gpus, devices = state.slots.devices(e.gpus)
    attempt = Attempt(e.attempt, gpus, e.at, devices, seq=e.seq)
    if e.args or e.env or e.why or e.anew:
        attempt.args, attempt.env, attempt.why, attempt.anew = e.args, e.env or None, e.why, e.anew
    if e.port is not None:
        attempt.port = state.last_port = e.port
        state.ports_in_use.add(e.port)
    if job.continuation is not None:
        attempt.source, attempt.seen = job.continuation.source, job.continuation.seen
        job.continuation = None
    job.attempts += (attempt,)
    state.slots.take(devices)
    state.next_start = e.at + state.policy.pause_between
    review_stop(state, job)


def _attempt_waiting(state: RunState, e: ev.AttemptWaiting) -> None:
    job, attempt = newest_attempt(state, e)
    if job.phase not in ACTIVE:
        raise ImpossibleEvent(f"not active: {e}\n{story(job)}")
    attempt.queued = e.reason


def _attempt_started(state: RunState, e: ev.AttemptStarted) -> None:
    job, attempt = newest_attempt(state, e)
    _move(state, job, "started", e)
    attempt.queued = None
    attempt.handle = e.handle
    attempt.node = e.node
    if e.restart is not None:
        attempt.restarts = e.restart
    if e.source is not UNSET:
        take_source(job, attempt, e.source)
    if attempt.started_at is None:
        if attempt.anew:  # not when it is requeued: it may have been asked for again since
            job.anew = False
        attempt.started_at = e.at
        if attempt.stop_at is None:
            set_deadline(state, job)


def _stop_requested(state: RunState, e: ev.StopRequested) -> None:
    job, attempt = newest_attempt(state, e)
    _move(state, job, "stop", e)
    attempt.stop_why = e.why
    attempt.stop_at = e.at
    set_deadline(state, job)
    review_stop(state, job)


def _kill_requested(state: RunState, e: ev.KillRequested) -> None:
    job, attempt = newest_attempt(state, e)
    _move(state, job, "kill", e)
    attempt.kill_at = e.at
    review_stop(state, job)


def _attempt_ended(state: RunState, e: ev.AttemptEnded) -> None:
    job, attempt = newest_attempt(state, e)
    if job.phase not in ACTIVE:
        raise illegal(job, "ended", e)  # before any change: it may be an `EndedAttempt`
    attempt.outcome = e.outcome
    attempt.exit_code = e.exit_code
    attempt.signal = e.signal
    attempt.cause = e.cause
    attempt.detail = e.detail
    attempt.line = e.line
    attempt.ended_at = e.ended_at
    attempt.queued = None
    # Nobody may have recorded its start: an executor that died leaves only what is found later.
    has_run = e.exit_code is not None or e.signal is not None or e.outcome == "lost"
    if attempt.anew and attempt.started_at is None and has_run and e.outcome != "refused":
        job.anew = False
    state.slots.take(attempt.devices, -1)
    if attempt.port is not None:
        state.ports_in_use.discard(attempt.port)
    if attempt.devices:
        began = attempt.scheduled_at if attempt.started_at is None else attempt.started_at
        state.health.note(job.index, began, attempt.devices, e)
    _move(state, job, "ended", e)


def _by_outcome(state: RunState, job: JobState, e: ev.AttemptEnded) -> Phase:
    """The phase after an end. Counts the try and sets the end of the back-off."""
    if e.outcome == "succeeded":
        return "succeeded"
    if job.cancel or (e.outcome == "stopped" and e.cause == "cancelled"):
        return "cancelled"
    if e.outcome == "interrupted":
        job.ready_at = e.at
        return "waiting"
    job.tries += 1
    again = e.cause in state.policy.retry_on if e.again is UNSET else e.again
    if again and job.tries <= state.policy.retries:
        job.ready_at = e.at + state.policy.retry_delay * 2.0 ** (job.tries - 1)
        return "waiting"
    return "failed"


# -- requests --------------------------------------------------------------------------------------


def _request_accepted(state: RunState, e: ev.RequestAccepted) -> None:
    state.seen.add(e.id)
    match e.action:
        case "cancel" | "kill":
            for job in asked_jobs(state, e):
                _cancel(state, job, hard=e.action == "kill", event=e)
        case "retry":
            _retry(state, e)
        case "hold":
            state.held = True
        case "release":
            state.held = False
            state.patience_from = e.at
        case "drain" | "undrain":
            drain(state, e.gpus, drained=e.action == "drain")
        case "stop":
            state.stop = "kill" if state.stop else "stop"
            for job in state.active.values():
                review_stop(state, job)


def _gpu_drained(state: RunState, e: ev.GpuDrained) -> None:
    drain(state, (e.device,), why=e.why)


def _cancel(state: RunState, job: JobState, *, hard: bool, event: ev.Event) -> None:
    _move(state, job, "cancel asked", event)
    if job.phase in ACTIVE:
        if job.cancel != "hard":
            job.cancel = "hard" if hard else "soft"
        review_stop(state, job)


def _retry(state: RunState, e: ev.RequestAccepted) -> None:
    returned = 0
    for job in asked_jobs(state, e):
        if not e.jobs and job.phase == "succeeded":
            continue
        if job.phase in ENDED:
            job.tries = 0
            job.cancel = job.why = None
            job.ready_at = e.at
            returned += 1
        elif job.phase == "waiting" and e.jobs:
            job.tries = 0
            job.ready_at = e.at
        if e.anew is not UNSET and (e.jobs or job.phase not in ACTIVE):
            job.anew = True
        if job.phase == "waiting" and (e.jobs or e.anew is not UNSET):
            ask(state, job, e)
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
    job = find_job(state, e.job, e)
    _move(state, job, "skipped", e)
    job.why = e.why
    while state.first_waiting < len(state.jobs) and not state.jobs[state.first_waiting].is_waiting:
        state.first_waiting += 1  # a member that cannot be continued is skipped out of order


# -- the only place where a phase changes ----------------------------------------------------------


def _move(state: RunState, job: JobState, move: Move, event: ev.Event) -> None:
    before = job.phase
    target: Phase | Special | None = TABLE[before].get(move)
    if target is None:
        raise illegal(job, move, event)
    if target == "by outcome":
        assert isinstance(event, ev.AttemptEnded)
        target = _by_outcome(state, job, event)
    if target == "same" or target == "flag":  # noqa: PLR1714  # narrows the type
        return
    after, counts = target, state.counts
    counts[before] -= 1
    counts[after] += 1
    job.phase = after
    job.since = event.at
    was_active, is_active = before in ACTIVE, after in ACTIVE
    if was_active != is_active:
        step = 1 if is_active else -1
        if is_active:
            state.active[job.index] = job
        else:
            del state.active[job.index]
            if state.to_stop:
                state.to_stop.pop(job.index, None)
        if job.gang is not None:
            job.gang.active += step
            if state.indexed:
                state.ready_queue.touch(job.gang)
    if after == "waiting":
        state.first_waiting = min(state.first_waiting, job.index)
        ask(state, job, event)
    elif before == "waiting" and state.indexed:
        state.ready_queue.leave(job)
    for other in moved(state, job, event) if job.group is not None else ():
        review_stop(state, other)
    if state.needed_by:
        reconsider(state, job, event)
    if after == "failed" and counts_as_failure(job):
        state.failures += 1
        if state.policy.fail_fast and state.failures == 1:
            for other in state.active.values():
                review_stop(state, other)


_HANDLERS: dict[type, Callable[[RunState, Any], None]] = {
    ev.RunOpened: _run_opened,
    ev.ExecutorStarted: _executor_started,
    ev.AttemptScheduled: _attempt_scheduled,
    ev.ContinuationKnown: take_answer,
    ev.AttemptWaiting: _attempt_waiting,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptEnded: _attempt_ended,
    ev.StopRequested: _stop_requested,
    ev.KillRequested: _kill_requested,
    ev.RequestAccepted: _request_accepted,
    ev.RequestRefused: _request_refused,
    ev.JobSkipped: _job_skipped,
    ev.RunClosed: _run_closed,
    ev.RunRehomed: _run_rehomed,
    ev.GpuDrained: _gpu_drained,
}
