"""Two indexes of the state: attempts to stop or kill now, and deadlines of attempts.

`apply` keeps them and the scheduler reads them. They hold nothing that jobs, attempts and policy do
not say.
"""

from __future__ import annotations

from heapq import heappop, heappush

from pbt_tui.journal.groups import stop_reason
from pbt_tui.journal.state import ACTIVE, JobState, RunState


def review_stop(state: RunState, job: JobState) -> None:
    """Adds an active job to `state.to_stop` if a stop or a kill is due, else removes it."""
    attempt = job.attempts[-1]
    due: object
    if attempt.stop_at is None:
        due = job.cancel or state.stop or (state.failures and state.failing_fast)
        due = due or (job.group is not None and stop_reason(job))
    else:
        due = attempt.kill_at is None and (job.cancel == "hard" or state.stop == "kill")
    if due:
        state.to_stop[job.index] = job
    elif state.to_stop:
        state.to_stop.pop(job.index, None)


def set_deadline(state: RunState, job: JobState) -> None:
    """Adds the next deadline of an active attempt: of its time limit, or of its grace once stopped.

    After the time limit the executor stops the attempt, after the grace it kills it.
    """
    if not state.indexed:
        return
    attempt, policy = job.attempts[-1], state.policy
    if attempt.stop_at is not None:
        entry = (attempt.stop_at + policy.grace, job.index, attempt.number)
        heappush(state.deadlines, (*entry, "grace"))
    elif attempt.started_at is not None and policy.timeout is not None:
        entry = (attempt.started_at + policy.timeout, job.index, attempt.number)
        heappush(state.deadlines, (*entry, "timeout"))


def clean_deadlines(state: RunState) -> None:
    """Drops deadlines that no longer apply from the top of the heap."""
    heap = state.deadlines
    while heap:
        _, index, number, kind = heap[0]
        job = state.jobs[index]
        if job.phase in ACTIVE:
            attempt = job.attempts[-1]
            passed = attempt.stop_at if kind == "timeout" else attempt.kill_at
            if attempt.number == number and passed is None:
                return
        heappop(heap)
