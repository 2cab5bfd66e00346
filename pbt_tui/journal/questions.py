"""What the next attempt of a member goes on from: `apply` asks here, and keeps the answer.

A trainer that continues goes on from what it has written. So before a later attempt of a member the
executor has to find out what that is, and whatever may have changed it raises the question again: a
move to waiting, a retry, a start of an executor, a move of the run directory. The `seq` of that
event is the name of the question, and an answer to an older question is no answer.

Until the answer is there the job is *unread*: it is in no queue (`ready_queue`).
"""

from __future__ import annotations

from msgspec import UNSET

from pbt_tui.journal import events as ev
from pbt_tui.journal.lookup import find_job, written_at
from pbt_tui.journal.state import Attempt, JobState, RunState


def say_which_continue(state: RunState, e: ev.ExecutorStarted) -> None:
    """Notes the members that this executor continues; journals of older ones name none."""
    continued = () if e.continues is UNSET else e.continues
    for population in state.spec.populations:
        for name in population.members:
            state.by_id[name].continues = population.id in continued


def ask(state: RunState, job: JobState, event: ev.Event) -> None:
    """Puts a waiting job into the ready queue; what was known to go on from no longer holds."""
    if job.bucket:
        state.ready_queue.leave(job)
    if job.attempts or job.anew:
        job.question = event.seq
        job.continuation = None
    if state.indexed:
        state.ready_queue.enter(job, event.at)


def take_answer(state: RunState, e: ev.ContinuationKnown) -> None:
    """Keeps the answer if it is to the newest question: a late one does not know the last end."""
    job = find_job(state, e.job, e)
    if job.phase != "waiting" or e.attempt != len(job.attempts) + 1 or e.after != job.question:
        return
    job.continuation = e
    if written_at(e.source) > written_at(job.attempts[-1].source if job.attempts else None):
        job.tries = 0  # the last attempt made progress: its failure is not one in a row
    job.ready_at = max(job.ready_at, e.at)  # patience counts from here
    if state.indexed:
        state.ready_queue.leave(job)
        state.ready_queue.enter(job, e.at)


def take_source(job: JobState, attempt: Attempt, source: ev.Source | None) -> None:
    """Notes what a requeued attempt goes on from: a newer source is progress of the life before."""
    if written_at(source) > written_at(attempt.source):
        job.tries = 0
    attempt.source = source
