"""Jobs that other jobs need: who waits for whose success, and who never starts for lack of it.

A job of a group stands for its group there: what needs it starts once the group has succeeded, and
no job of it runs any more.
"""

from __future__ import annotations

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import ENDED, JobState, RunState


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


def jobs_of_request(state: RunState, action: ev.Action, names: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the jobs that the record of a request names; none stand for all jobs.

    A retry of a job is also one of what was skipped because of its end, and of its group where that
    has ended, since nothing starts in such a group. The record names them all: who counts the jobs
    of a run without its spec does not know what they need.
    """
    if action != "retry":
        return names
    if not names and any(group.is_lost for group in state.groups):
        names = tuple(job.spec.id for job in state.jobs if _is_for_all(job))
    found = dict.fromkeys(names)
    asked = [state.by_id[name] for name in found]
    for job in asked:  # grows
        needing = (state.jobs[index] for index in state.needed_by.get(job.index, ()))
        group = job.group.members if job.group is not None and job.group.has_ended else ()
        for one in (*filter(is_cut_off, needing), *group):
            if one.spec.id not in found:
                found[one.spec.id] = None
                asked.append(one)
    return tuple(found)


def _is_for_all(job: JobState) -> bool:
    """Whether a retry of all is about it: it has ended, and neither it nor its group succeeded."""
    done = job.phase == "succeeded" or (job.group is not None and job.group.has_succeeded)
    return job.phase in ENDED and not done
