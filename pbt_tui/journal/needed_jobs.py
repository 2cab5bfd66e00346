"""Jobs that other jobs need: who waits for whose success, and who never starts for lack of it.

A job of a group stands for its group there: what needs it starts once the group has succeeded, and
no job of it runs any more.
"""

from __future__ import annotations

from pbt_tui.journal import events as ev
from pbt_tui.journal.lookup import asked_jobs
from pbt_tui.journal.state import JobState, RunState


def reconsider(state: RunState, job: JobState, event: ev.Event) -> None:
    """Notes what follows from a new phase of a job for those that need it, and for itself."""
    for index in (job.index, *state.needed_by.get(job.index, ())):
        one = state.jobs[index]
        if one.is_waiting and any(other.is_lost for other in one.needed):
            state.unreachable[index] = one
        else:
            state.unreachable.pop(index, None)
        if one is not job and one.is_waiting and state.indexed:
            state.ready_queue.leave(one)
            state.ready_queue.enter(one, event.at)


def met_at(job: JobState) -> float:
    """When what needs this job, or its group, could start, in Unix seconds."""
    return job.since if job.group is None else max(one.since for one in job.group.members)


def skip_reason(job: JobState) -> str:
    """Why a job is skipped that needs what has failed."""
    lost = next(one for one in job.needed if one.is_lost)
    return f"{_UPSTREAM}`{lost.spec.id}` has not succeeded"


_UPSTREAM = "upstream "


def is_cut_off(job: JobState) -> bool:
    """Whether a job was skipped because what it needs has not succeeded."""
    return job.phase == "skipped" and (job.why or "").startswith(_UPSTREAM)


def jobs_to_retry(state: RunState, event: ev.RequestAccepted) -> list[JobState]:
    """The jobs that a retry is about; with a job, those that were skipped because of its end."""
    found = asked_jobs(state, event)
    if not event.jobs or not state.needed_by:
        return found
    seen = {job.index for job in found}
    for job in found:  # grows
        for index in state.needed_by.get(job.index, ()):
            if index not in seen and is_cut_off(state.jobs[index]):
                seen.add(index)
                found.append(state.jobs[index])
    return found
