"""Finds what an event is about, its job and attempt, or raises `ImpossibleEvent`."""

from __future__ import annotations

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal.events import (
    AttemptEnded,
    AttemptStarted,
    AttemptWaiting,
    Event,
    KillRequested,
    RequestAccepted,
    Source,
    StopRequested,
)
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.journal.transitions import Move

AboutAttempt = AttemptWaiting | AttemptStarted | AttemptEnded | StopRequested | KillRequested
"""Events about an attempt that the executor has scheduled."""


def find_job(state: RunState, job_id: str, event: Event) -> JobState:
    """The job that `event` is about. Raises `ImpossibleEvent` if the spec has no such job."""
    job = state.by_id.get(job_id)
    if job is None:
        raise ImpossibleEvent(f"no such job in the spec: {event}")
    return job


def newest_attempt(state: RunState, event: AboutAttempt) -> tuple[JobState, Attempt]:
    """Job and attempt of `event`. Raises `ImpossibleEvent` if it is not the newest attempt."""
    job = state.by_id.get(event.job) or find_job(state, event.job, event)
    if job.attempts:
        attempt = job.attempts[-1]
        if attempt.number == event.attempt:
            return job, attempt
    raise ImpossibleEvent(f"not the newest attempt: {event}\n{story(job)}")


def asked_jobs(state: RunState, event: RequestAccepted) -> list[JobState]:
    """The jobs that a request is about."""
    return [find_job(state, name, event) for name in event.jobs] if event.jobs else state.jobs


def written_at(source: Source | None) -> int:
    """When a generation was written, in nanoseconds since the epoch; 0 if unknown."""
    return source.stamp.written if source is not None and source.stamp is not None else 0


def illegal(job: JobState, move: Move, event: Event) -> ImpossibleEvent:
    """The error for an event that a job's phase does not permit."""
    return ImpossibleEvent(f"illegal: {move} while {job.phase}: {event}\n{story(job)}")


def story(job: JobState) -> str:
    """The phase of a job and the history of its attempts, for the text of `ImpossibleEvent`."""
    moves = [f"job `{job.spec.id}` is {job.phase}, tries {job.tries}, cancel {job.cancel}"]
    for a in job.attempts:
        moves.append(
            f"attempt {a.number}: scheduled {a.scheduled_at} on {list(a.gpus)}, "
            f"started {a.started_at} as {a.handle}, stop {a.stop_why} {a.stop_at}, "
            f"kill {a.kill_at}, ended {a.ended_at}: {a.outcome} {a.exit_code} {a.cause}"
        )
    return "\n".join(moves)
