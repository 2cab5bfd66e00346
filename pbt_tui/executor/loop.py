"""The loop: facts in, decisions out, one durable append, then the effects, and round again.

Must not decide (the scheduler does), interpret (the fold does) or know what a process or a
container is (the runtime does). Its order is law 1: nothing is performed that is not on disk. A
death at any point is safe, because resuming performs again what was written and may not have been
done, and every effect is harmless when done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from pbt_tui.executor.inbox import UnreadableRequest
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.outcome import outcome
from pbt_tui.journal.slots import named
from pbt_tui.journal.state import ACTIVE, Attempt, JobState, RunState
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Runtime, Started
from pbt_tui.scheduler.decide import decide, next_wake
from pbt_tui.scheduler.fit import unfit
from pbt_tui.spec import Cause


class Writer(Protocol):
    def append(self, events: Sequence[ev.AnyEvent]) -> None: ...


class Inbox(Protocol):
    def new(self) -> list[ev.Request | UnreadableRequest]: ...
    def done(self, name: str) -> None: ...


class Time(Protocol):
    def now(self) -> float: ...


RESEND = 1.0
"""Seconds between two tries to deliver a stop."""

_HOLDS = ("hold", "release")

Diagnosis = tuple[Cause | None, str | None, int | None]
"""Cause, detail, line of the log."""


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
    ) -> None:
        self.state = state
        self.runtime = runtime
        self._journal = journal
        self._inbox = inbox
        self._clock = clock
        self.launch_of = launch_of
        self._diagnose = diagnose
        self._tell = tell
        self._batch: list[ev.AnyEvent] = []
        self._undelivered: dict[str, tuple[int, bool]] = {}
        """Job to (attempt, kill): stops that did not reach it."""
        self._send_at = 0.0

    # -- the turn ----------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Once round; False if there was nothing to do. Raises `RunError` if it cannot go on."""
        now = self._clock.now()
        if self._undelivered:
            self._send_again(now)
        for fact in self.runtime.facts():
            self._take(fact, now)
        for request in self._inbox.new():
            self._answer(request, now)
        while (decision := decide(self.state, now)) is not None:
            self.record(decision, now)
        return self.commit()

    @property
    def finished(self) -> bool:
        """Nothing is left to do for this executor."""
        state = self.state
        return not state.active and (state.closed is not None or state.stop is not None)

    def wait_until(self) -> float | None:
        """Journal time at which a turn is due though nothing happens."""
        wake = next_wake(self.state, self._clock.now())
        if self._undelivered:
            return self._send_at if wake is None else min(wake, self._send_at)
        return wake

    def record(self, event: ev.AnyEvent, now: float) -> None:
        """Stamps the event, folds it, and puts it into the batch that `commit` writes."""
        at = max(now, self.state.at)
        stamped = msgspec.structs.replace(event, seq=self.state.seq + 1, at=at)
        apply(self.state, stamped)
        self._batch.append(stamped)

    def commit(self) -> bool:
        """Makes the batch durable, then performs it; False if it was empty."""
        batch, self._batch = self._batch, []
        if not batch:
            return False
        self._journal.append(batch)
        self._tell(batch)
        self._perform(batch)
        return True

    # -- effects -----------------------------------------------------------------------------------

    def _perform(self, batch: Sequence[ev.AnyEvent]) -> None:
        launches: list[Launch] = []
        for event in batch:
            match event:
                case ev.AttemptScheduled():
                    job = self.state.by_id[event.job]
                    launches.append(self.launch_of(job, job.attempts[event.attempt - 1]))
                case ev.StopRequested() | ev.KillRequested():
                    # Effects of one attempt run in order: it may be in the same batch.
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

    def _launch(self, launches: list[Launch]) -> None:
        if launches:
            self.runtime.launch(launches)
            launches.clear()

    def stop(self, job: str, attempt: int, *, kill: bool) -> None:
        """Sends the stop; what cannot be delivered is sent again until the end comes."""
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
        """A fact about an attempt that is not active, or of another handle, is dropped."""
        job = self.state.by_id[fact.job]
        attempt = job.attempt
        if attempt is None or attempt.number != fact.attempt or job.phase not in ACTIVE:
            return
        match fact:
            case Started():
                again = fact.handle == attempt.handle and (fact.restart or 0) > attempt.restarts
                if attempt.handle is None or again:
                    self.record(
                        ev.AttemptStarted(
                            job=fact.job,
                            attempt=fact.attempt,
                            handle=fact.handle,
                            node=fact.node,
                            restart=fact.restart,
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

    def end(self, job: JobState, attempt: Attempt, fact: Ended, now: float) -> None:
        how, cause = outcome(
            attempt,
            exit_code=fact.exit_code,
            ended_at=fact.ended_at,
            refused=fact.refused,
            lost=fact.lost,
            stopped=fact.stopped,
        )
        detail, line = fact.detail, None
        if how in ("failed", "refused"):
            cause = fact.cause
        if how == "failed" and cause is None:
            cause, found, line = self._diagnose(job, fact)
            detail = detail or found
        self.record(
            ev.AttemptEnded(
                job=fact.job,
                attempt=fact.attempt,
                outcome=how,
                exit_code=fact.exit_code,
                signal=fact.signal,
                cause=cause,
                detail=detail,
                line=line,
                ended_at=fact.ended_at,
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
                    jobs=request.jobs,
                    gpus=request.gpus,
                    by=request.by,
                    anew=request.anew,
                ),
                now,
            )

    def refuse_old_stops(self) -> None:
        """A stop left before this executor started was meant for another one."""
        now = self._clock.now()
        for request in self._inbox.new():
            if isinstance(request, ev.Request) and request.action == "stop":
                if request.id in self.state.seen:
                    self._inbox.done(request.id)
                else:
                    why = "asked before this executor started"
                    self.record(ev.RequestRefused(id=request.id, why=why), now)
            else:
                self._answer(request, now)
        self.commit()

    def _objection(self, request: ev.Request) -> str | None:
        """Why it cannot be granted, or None."""
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
