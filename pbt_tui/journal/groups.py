"""Groups of jobs: when one has ended, and which of its jobs have to stop or to start again.

The end of the lead is the end of its group. Where `fails_together` is set, the failure of another
job is one, too; otherwise it changes nothing, not even how the run went. A retry of the lead, and
with `fails_together` of any job, makes all of them start again.
"""

from __future__ import annotations

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import ACTIVE, JobState, RunState

CUT_OFF = "its group has ended"
"""Why a waiting job of a group is skipped, and what is said of one that was running."""


def stop_reason(job: JobState) -> ev.Why | None:
    """Why an active job has to stop because of its group; None: it need not."""
    group = job.group
    if group is None:
        return None
    if group.has_ended:
        return "group_end"
    return "group_again" if job.attempts[-1].seq < group.again_from else None


def moved(state: RunState, job: JobState, event: ev.Event) -> list[JobState]:
    """Notes what follows from a new phase of a job; the active jobs that may have to stop."""
    group = job.group
    if group is None or job.phase in ACTIVE:
        return []
    decides = job is group.lead or group.spec.fails_together
    tried = isinstance(event, ev.AttemptEnded) and event.outcome not in ("succeeded", "interrupted")
    if decides and tried and job.phase == "waiting":
        group.again_from = event.seq
    if group.has_ended and any(one.is_waiting for one in group.members):
        state.over[group.spec.id] = group
    else:
        state.over.pop(group.spec.id, None)
    return [one for one in group.members if one.phase in ACTIVE] if decides else []


def waits(job: JobState) -> bool:
    """Whether a waiting job starts only once the others of its group have stopped, to start too."""
    group = job.group
    if group is None:
        return False
    return any(m.phase in ACTIVE and m.attempts[-1].seq < group.again_from for m in group.members)


def counts_as_failure(job: JobState) -> bool:
    """Whether the failure of a job is one of the run."""
    return job.group is None or job is job.group.lead or job.group.spec.fails_together


def judged(state: RunState) -> list[JobState]:
    """The jobs whose ends say how the run went."""
    return [job for job in state.jobs if counts_as_failure(job) and job.why != CUT_OFF]
