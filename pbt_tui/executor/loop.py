"""The event loop: it collects facts, records decisions in one durable append, then performs them.

The scheduler decides, the fold interprets events, and the runtime starts and stops attempts. The
order is an invariant: an effect is performed only after its event is on disk. The executor may die
at any point: a resume performs recorded effects again, and every effect is idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
from msgspec import UNSET

from pbt_tui.errors import RunError
from pbt_tui.executor.continuing import NO_ASKER, Asker
from pbt_tui.executor.inbox import UnreadableRequest, is_stop_of_others
from pbt_tui.executor.permits import NO_PERMITS, Permits
from pbt_tui.executor.trackers import TrackerVariables
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.needed_jobs import jobs_of_request
from pbt_tui.journal.outcome import exit_rule, outcome
from pbt_tui.journal.slots import named
from pbt_tui.journal.state import ACTIVE, Attempt, JobState, RunState
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Runtime, Started
from pbt_tui.scheduler.decide import decide, next_wake, together
from pbt_tui.scheduler.fit import unfit
from pbt_tui.spec import Cause


class Writer(Protocol):
    def append(
        self, events: Sequence[ev.AnyEvent], meanwhile: Callable[[], None] = ...
    ) -> None: ...


class Inbox(Protocol):
    def new(self) -> list[ev.Request | UnreadableRequest]: ...
    def done(self, name: str) -> None: ...


class Time(Protocol):
    def now(self) -> float: ...


RESEND = 1.0
"""Seconds between two tries to deliver a stop."""

_HOLDS = ("hold", "release")

Diagnosis = tuple[Cause | None, str | None, int | None]
"""Cause, detail and line of the log."""


def _is_newer(fact: Started, attempt: Attempt) -> bool:
    """Whether it is a later start of the attempt than the last one, or says more about that one."""
    restart = fact.restart or 0
    if fact.handle != attempt.handle or restart < attempt.restarts:
        return False
    tells = fact.source is not None and fact.source != attempt.source
    return restart > attempt.restarts or (restart > 0 and tells)


class Loop:
    def __init__(
        self,
        state: RunState,
        *,
        journal: Writer,
        runtime: Runtime,
        inbox: Inbox,
        clock: Time,
        launch_of: Callable[[JobState, Attempt], Launch],
        diagnose: Callable[[JobState, Ended], Diagnosis],
        tell: Callable[[Sequence[ev.AnyEvent]], None] = lambda events: None,
        asker: Asker = NO_ASKER,
        permits: Permits = NO_PERMITS,
        start_waiting: Callable[[Sequence[Launch]], None] | None = None,
        trackers: TrackerVariables | None = None,
    ) -> None:
        """`start_waiting` starts what waits for `Runtime.launch`, while a record is made durable.

        It is not called where the disk has to be made ready for an attempt.
        """
        self.state = state
        self.runtime = runtime
        self._journal = journal
        self._inbox = inbox
        self._clock = clock
        self.launch_of = trackers.launches(launch_of) if trackers else launch_of
        self._trackers = trackers
        self._diagnose = diagnose
        self._tell = tell
        self._asker = asker
        self.permits = permits
        self._batch: list[ev.AnyEvent] = []
        self._undelivered: dict[str, tuple[int, bool]] = {}
        """Job → (attempt, kill): stops that the runtime could not deliver."""
        self._send_at = 0.0
        self._not_ready: list[Ended] = []
        """Attempts that could not be launched because their disk could not be made ready."""
        self._start_waiting = start_waiting if asker is NO_ASKER else None
        self._started: dict[tuple[str, int], Launch] = {}
        """What waits for `launch`."""

    # -- the turn ----------------------------------------------------------------------------------

    def turn(self) -> bool:
        """One turn; False if there was nothing to do. Raises `RunError` if the run cannot go on."""
        now = self._clock.now()
        if self._undelivered:
            self._send_again(now)
        refused, self._not_ready = self._not_ready, []
        for fact in (*refused, *self.runtime.facts()):
            self._take(fact, now)
        for answer in self._asker.answers():
            self._take_answer(answer, now)
        for request in self._inbox.new():
            self._answer(request, now)
        held = self.permits.held()
        while (decision := decide(self.state, now, held)) is not None:
            if not isinstance(decision, ev.AttemptScheduled):
                self.record(decision, now)
            elif self._may_start(decision, held):
                self.record(self._trackers.add(decision) if self._trackers else decision, now)
            else:
                held = self.permits.held()
        wrote = self.commit()
        self.permits.drop_unused(self.state)
        if self.state.ready_queue.unread and not self.state.stop:
            # Only now: the end after which a member is read is durable. The newest come first.
            unread = reversed(self.state.ready_queue.unread.values())
            self._asker.ask(self.state.jobs[job.index] for job in unread)
        return wrote or bool(self._not_ready)

    @property
    def finished(self) -> bool:
        """Whether this executor has nothing left to do."""
        state = self.state
        return not state.active and (state.closed is not None or state.stop is not None)

    @property
    def has_refused(self) -> bool:
        """Whether the last turn refused an attempt: nothing but the next turn records its end."""
        return bool(self._not_ready)

    def wait_until(self) -> float | None:
        """Journal time at which the next turn is due even if nothing happens."""
        wake = next_wake(self.state, self._clock.now())
        if self._undelivered:
            return self._send_at if wake is None else min(wake, self._send_at)
        return wake

    def record(self, event: ev.AnyEvent, now: float) -> None:
        """Numbers and dates the event, folds it, and adds it to the batch that `commit` writes."""
        at = max(now, self.state.at)
        stamped = msgspec.structs.replace(event, seq=self.state.seq + 1, at=at)
        apply(self.state, stamped)
        self._batch.append(stamped)

    def commit(self) -> bool:
        """Makes the batch durable, then performs its effects; False if it was empty."""
        batch, self._batch = self._batch, []
        if not batch:
            return False
        self._journal.append(batch, lambda: self._start_early(batch))
        self._tell(batch)
        self._perform(batch)
        return True

    def _start_early(self, batch: Sequence[ev.AnyEvent]) -> None:
        if self._start_waiting is None:
            return
        for event in batch:
            if isinstance(event, ev.AttemptScheduled):
                job = self.state.by_id[event.job]
                launch = self.launch(job, job.attempts[event.attempt - 1])
                self._started[event.job, event.attempt] = launch
        if self._started:
            self._start_waiting(list(self._started.values()))

    def _may_start(self, decision: ev.AttemptScheduled, held: Collection[int]) -> bool:
        """Whether the machine permits a decision, before it is written.

        If not, the GPUs that others hold are in `permits.held()` from now on, and `decide` is asked
        again.
        """
        if not decision.gpus or self.permits is NO_PERMITS:
            return True
        job = self.state.by_id[decision.job]
        return self.permits.take(job, together(self.state, job, held))

    # -- effects -----------------------------------------------------------------------------------

    def _perform(self, batch: Sequence[ev.AnyEvent]) -> None:
        launches: list[Launch] = []
        for event in batch:
            match event:
                case ev.AttemptScheduled():
                    job = self.state.by_id[event.job]
                    if self._is_ready(job, event.attempt):
                        launches.append(self.launch(job, job.attempts[event.attempt - 1]))
                case ev.StopRequested() | ev.KillRequested():
                    # The launch may be in the same batch, and must come before the stop.
                    self._launch(launches)
                    kill = isinstance(event, ev.KillRequested)
                    self.stop(event.job, event.attempt, kill=kill)
                case ev.AttemptEnded():
                    self.runtime.forget(event.job, event.attempt)
                case ev.RequestAccepted() | ev.RequestRefused():
                    self._inbox.done(event.id)
                    if isinstance(event, ev.RequestAccepted) and event.action in _HOLDS:
                        self.runtime.hold(event.action == "hold")
                case _:
                    pass
        self._launch(launches)

    def launch(self, job: JobState, attempt: Attempt) -> Launch:
        """The launch of an attempt, with its slots of the machine."""
        if (started := self._started.pop((job.spec.id, attempt.number), None)) is not None:
            return started
        launch = self.launch_of(job, attempt)
        slots = self.permits.of(job.spec.id, attempt.number)
        return launch if slots is None else replace(launch, slots=slots)

    def _is_ready(self, job: JobState, attempt: int) -> bool:
        """Makes the disk ready for an attempt; if that fails, the attempt is refused."""
        try:
            self._asker.make_ready(job, attempt)
        except RunError as e:
            if self.runtime.forfeit(job.spec.id, attempt):
                where = f"`{e.where.file}` " if e.where.file else ""
                why = f"{where}{e.what}"
                ended = Ended(job.spec.id, attempt, None, None, self.state.at)
                self._not_ready.append(replace(ended, refused=True, detail=why))
            return False
        return True

    def _launch(self, launches: list[Launch]) -> None:
        if launches:
            self.runtime.launch(launches)
            launches.clear()

    def stop(self, job: str, attempt: int, *, kill: bool) -> None:
        """Sends a stop; an undelivered stop is sent again until the attempt ends."""
        if self.runtime.stop(job, attempt, kill=kill):
            self._undelivered.pop(job, None)
        else:
            self._undelivered[job] = (attempt, kill)

    def _send_again(self, now: float) -> None:
        if now < self._send_at:
            return
        self._send_at = now + RESEND
        for name, (number, kill) in list(self._undelivered.items()):
            job = self.state.by_id[name]
            if job.phase == "stopping" and job.attempts[-1].number == number:
                self.stop(name, number, kill=kill)
            else:
                del self._undelivered[name]

    # -- facts -------------------------------------------------------------------------------------

    def _take(self, fact: Fact, now: float) -> None:
        """Records a fact; drops it if its attempt is not active or has another handle."""
        job = self.state.by_id[fact.job]
        attempt = job.attempt
        if attempt is None or attempt.number != fact.attempt or job.phase not in ACTIVE:
            return
        match fact:
            case Started():
                if attempt.handle is None or _is_newer(fact, attempt):
                    self.record(
                        ev.AttemptStarted(
                            job=fact.job,
                            attempt=fact.attempt,
                            handle=fact.handle,
                            node=fact.node,
                            restart=fact.restart,
                            source=UNSET if fact.source is None else fact.source,
                        ),
                        now,
                    )
            case Queued():
                if fact.reason != attempt.queued:
                    self.record(
                        ev.AttemptWaiting(job=fact.job, attempt=fact.attempt, reason=fact.reason),
                        now,
                    )
            case Ended():
                if None in (fact.handle, attempt.handle) or fact.handle == attempt.handle:
                    self.end(job, attempt, fact, now)

    def _take_answer(self, fact: ev.ContinuationKnown, now: float) -> None:
        """Records what an attempt goes on from; drops the answer to an older question."""
        job = self.state.by_id[fact.job]
        if job.is_unread and (fact.attempt, fact.after) == (len(job.attempts) + 1, job.question):
            self.record(fact, now)

    def end(self, job: JobState, attempt: Attempt, fact: Ended, now: float) -> None:
        """Records the end of an attempt, with its outcome and cause."""
        rule = exit_rule(job.spec, fact.exit_code, fact.signal)
        result, cause = outcome(
            attempt,
            exit_code=fact.exit_code,
            order=fact.order,
            refused=fact.refused,
            lost=fact.lost,
            stopped=fact.stopped,
            rule=rule,
            lead=None if job.group is None else job.group.lead.phase,
        )
        self.permits.forget(fact.job, fact.attempt)
        detail, line = fact.detail, None
        if result in ("failed", "refused"):
            cause = fact.cause
        if result == "failed" and cause is None:
            cause, found, line = self._diagnose(job, fact)
            detail = detail or found
        if fact.left:
            detail = f"{detail}; {fact.left}" if detail else fact.left
        self.record(
            ev.AttemptEnded(
                job=fact.job,
                attempt=fact.attempt,
                outcome=result,
                exit_code=fact.exit_code,
                signal=fact.signal,
                cause=cause,
                detail=detail,
                line=line,
                ended_at=fact.ended_at,
                again=UNSET if rule is None or result != "failed" else rule.then == "retry",
            ),
            now,
        )

    # -- requests ----------------------------------------------------------------------------------

    def _answer(self, request: ev.Request | UnreadableRequest, now: float) -> None:
        if request.id in self.state.seen:
            self._inbox.done(request.id)
            return
        why = request.why if isinstance(request, UnreadableRequest) else self._objection(request)
        if why is not None:
            self.record(ev.RequestRefused(id=request.id, why=why), now)
        elif isinstance(request, ev.Request):
            self.record(
                ev.RequestAccepted(
                    id=request.id,
                    action=request.action,
                    jobs=jobs_of_request(self.state, request.action, request.jobs),
                    gpus=request.gpus,
                    by=request.by,
                    anew=request.anew,
                ),
                now,
            )

    def refuse_old_stops(self) -> None:
        """Refuses stops that an earlier executor was asked for; this one got the signals."""
        now = self._clock.now()
        for request in self._inbox.new():
            if is_stop_of_others(request):
                if request.id in self.state.seen:
                    self._inbox.done(request.id)
                else:
                    why = "requested before this executor started"
                    self.record(ev.RequestRefused(id=request.id, why=why), now)
            else:
                self._answer(request, now)
        self.commit()

    def _objection(self, request: ev.Request) -> str | None:
        """Why the request is refused, or None."""
        state = self.state
        unknown = [name for name in request.jobs if name not in state.by_id]
        if unknown:
            return f"no such job: `{unknown[0]}`"
        if request.action in ("drain", "undrain"):
            listed = state.executor.gpus if state.executor else ()
            known = listed if request.action == "drain" else (*listed, *state.drained)
            for text in request.gpus:
                if named(text, known) is None:
                    return f"no such GPU: `{text}`"
            if not request.gpus:
                return f"{request.action} needs a GPU"
        if request.action == "retry" and state.executor is not None:
            jobs = [state.by_id[name] for name in request.jobs] or [
                job for job in state.jobs if job.phase != "succeeded"
            ]
            unfinished = [j for j in state.jobs if j.phase == "waiting" or j.phase in ACTIVE]
            together = {j.index: j.spec for j in (*jobs, *unfinished)}
            wrong = unfit(together.values(), state.policy, state.executor.gpus)
            if wrong:
                return wrong[0].message
        return None
