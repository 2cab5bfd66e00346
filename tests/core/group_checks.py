"""Checks groups, exit rules and needed jobs, from the events of a journal alone.

A job never starts before what it needs has succeeded. The tasks of a group start together, end with
their lead and start again with it; what each of them ends as follows from the lead.
"""

from __future__ import annotations

from collections.abc import Callable

from pbt_tui.journal import events as ev
from pbt_tui.journal.groups import CUT_OFF
from pbt_tui.journal.state import ACTIVE, JobState, RunState
from pbt_tui.spec import Job
from tests.core import brute


class GroupChecks:
    """Follows the events; `state` is the one before each event."""

    def __init__(self, broken: Callable[[str], None]) -> None:
        self.broken = broken
        self.again: dict[str, int] = {}
        """Group → the line of the end after which all its jobs start again."""
        self.leads: dict[tuple[str, int], str] = {}
        """Attempt of a job of a group → the phase of the lead when its end was recorded."""

    def before(self, event: ev.AnyEvent, state: RunState) -> None:
        match event:
            case ev.AttemptScheduled():
                self._starts(state.by_id[event.job], state)
            case ev.StopRequested() if event.why.startswith("group"):
                self._stops(state.by_id[event.job], event)
            case ev.JobSkipped():
                self._skipped(state.by_id[event.job], event)
            case ev.RunClosed():
                self._closes(state, event)
            case _:
                pass

    def after(self, event: ev.AnyEvent, state: RunState) -> None:
        if not isinstance(event, ev.AttemptEnded):
            return
        job = state.by_id[event.job]
        group = job.group
        if group is None:
            return
        self.leads[event.job, event.attempt] = group.lead.phase
        decides = job is group.lead or group.spec.fails_together
        if decides and job.phase == "waiting" and event.outcome not in ("succeeded", "interrupted"):
            self.again[group.spec.id] = event.seq

    def _starts(self, job: JobState, state: RunState) -> None:
        if brute.blocked(job):
            self.broken(f"{job.spec.id} was scheduled before what it needs had succeeded")
        if brute.group_ended(job):
            self.broken(f"{job.spec.id} was scheduled after the end of its group")
        gang = job.gang
        if gang is not None and not gang.active:
            waiting = [state.jobs[m.index] for m in gang.members if m.is_waiting]
            if any(brute.blocked(one) for one in waiting):
                self.broken(f"the gang of {job.spec.id} begins before all may start")
        others = job.group.members if job.group else ()
        if any(self._is_stale(other) for other in others):
            self.broken(f"{job.spec.id} starts again while others of its group still run")

    def _is_stale(self, job: JobState) -> bool:
        """Whether an active job was scheduled before an end after which its group starts again."""
        last = self.again.get(job.group.spec.id, 0) if job.group else 0
        return job.phase in ACTIVE and job.attempts[-1].seq < last

    def _stops(self, job: JobState, event: ev.StopRequested) -> None:
        if event.why == "group_end" and not brute.group_ended(job):
            self.broken(f"{job.spec.id} is stopped, and its group has not ended")
        if event.why == "group_again" and not self._is_stale(job):
            self.broken(f"{job.spec.id} is to start again, and its group does not")

    def _skipped(self, job: JobState, event: ev.JobSkipped) -> None:
        if event.why == CUT_OFF and not brute.group_ended(job):
            self.broken(f"{event.job} is skipped, and its group has not ended")
        if event.why.startswith("upstream") and not any(map(brute.lost, job.needed)):
            self.broken(f"{event.job} is skipped, and nothing that it needs is lost")

    def _closes(self, state: RunState, event: ev.RunClosed) -> None:
        good = True
        for job in state.jobs:
            group = job.group
            counts = group is not None and group.spec.fails_together and job.why != CUT_OFF
            if group is None or job is group.lead or counts:
                good = good and job.phase == "succeeded"
            if job.phase == "waiting" or (job.group and brute.waits_in_vain(job)):
                self.broken(f"closed while {job.spec.id} waits")
            if not job.attempts and any(map(brute.lost, job.needed)):
                if job.phase not in ("skipped", "cancelled"):
                    self.broken(f"{job.spec.id} is {job.phase}, and what it needs is lost")
        if (event.verdict == "succeeded") != good:
            self.broken(f"closed as {event.verdict}: {[job.phase for job in state.jobs]}")


def by_code(job: Job, code: int) -> str:
    """What an attempt was by its exit code alone: the first rule that fits, else 0 is success."""
    codes = (code, 255) if code > 128 else (code,)
    for rule in job.on_exit:
        if any(rule.first <= one <= rule.last for one in codes):
            return "succeeded" if rule.then == "succeed" else "failed"
    return "succeeded" if code == 0 else "failed"
