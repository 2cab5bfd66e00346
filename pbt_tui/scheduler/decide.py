"""`decide(state, now, held)`: the next decision, or None. The order of its clauses is the policy.

It is pure: it does no IO, reads no clock, uses no random numbers and changes nothing. It returns
one decision; the loop applies it and calls `decide` again, until there is none.

Times are the journal's Unix seconds. A deadline is one number, `at + x`, which `decide` compares as
`now >= deadline` and `next_wake` returns unchanged. To compute `now - at >= x` instead could differ
by a rounding error, and the loop would wake up without a decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pbt_tui.journal.events import (
    AttemptScheduled,
    Decision,
    Gpu,
    JobSkipped,
    KillRequested,
    RunClosed,
    StopRequested,
    Verdict,
    Why,
)
from pbt_tui.journal.groups import CUT_OFF, judged, stop_reason, waits
from pbt_tui.journal.needed_jobs import is_cut_off, met_at, skip_reason
from pbt_tui.journal.ready_queue import Gang, Schedulable, shape
from pbt_tui.journal.slots import Shape, name
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import begins_text, cannot_continue
from pbt_tui.scheduler.drains import drain
from pbt_tui.scheduler.job_ports import next_port


def decide(state: RunState, now: float, held: Collection[int] = ()) -> Decision | None:
    """The next decision; None if there is nothing to do now.

    Attempts to stop come first, then deadlines, members that cannot be continued, the failure
    budget, the end of the run, a device that is bad, and last an attempt to start.

    Args:
        state: The state of the run.
        now: Unix seconds.
        held: Positions, in the executor's list, of the GPUs on which nothing may start now because
            other runs of this machine hold them.
    """
    return (
        _stop_what_must_stop(state)
        or _act_on_deadline(state, now)
        or _skip_refused(state)
        or _skip_rest_of_group(state)
        or _skip_unreachable(state)
        or _skip_over_budget(state)
        or _close(state)
        or _drain(state)
        or _start(state, now, held)
    )


def next_wake(state: RunState, now: float) -> float | None:
    """When `decide` may return a new decision without a new event; None if never."""
    times = [deadline for deadline, *_ in state.deadlines[:1]]
    if state.ready_queue.delayed:
        times.append(state.ready_queue.delayed[0][0])
        if times[-1] <= now:
            # This back-off is over, but no event has moved the job yet: take the next one.
            later = [ready_at for ready_at, *_ in state.ready_queue.delayed if ready_at > now]
            times[-1] = min(later, default=now)
    times.append(state.next_start)
    return min((t for t in times if t > now), default=None)


# -- ends ------------------------------------------------------------------------------------------


def _stop_what_must_stop(state: RunState) -> Decision | None:
    for job in state.to_stop.values():
        attempt = job.attempts[-1]
        if attempt.stop_why is not None:
            return KillRequested(job=job.spec.id, attempt=attempt.number, why=attempt.stop_why)
        of_group = stop_reason(job) or "fail_fast"
        why: Why = "cancel" if job.cancel else "interrupt" if state.stop else of_group
        return StopRequested(job=job.spec.id, attempt=attempt.number, why=why)
    return None


def _act_on_deadline(state: RunState, now: float) -> Decision | None:
    if not state.deadlines or now < state.deadlines[0][0]:
        return None
    _, index, number, kind = state.deadlines[0]
    job = state.jobs[index]
    why = job.attempts[-1].stop_why
    if kind == "timeout" or why is None:
        return StopRequested(job=job.spec.id, attempt=number, why="timeout")
    return KillRequested(job=job.spec.id, attempt=number, why=why)


def _skip_refused(state: RunState) -> Decision | None:
    """Skips a member that cannot be continued, so that the others of its population go on.

    Not while the run is being stopped: the next executor looks again, perhaps in time.
    """
    if state.stop:
        return None
    for job in state.ready_queue.refused.values():
        return JobSkipped(job=state.jobs[job.index].spec.id, why=cannot_continue(job.refusal))
    return None


def _skip_rest_of_group(state: RunState) -> Decision | None:
    """Skips what waits in a group that has ended."""
    for group in state.over.values():
        for job in group.members:
            if job.is_waiting:
                return JobSkipped(job=job.spec.id, why=CUT_OFF)
    return None


def _skip_unreachable(state: RunState) -> Decision | None:
    """Skips what needs a job that has ended without success."""
    for job in state.unreachable.values():
        return JobSkipped(job=job.spec.id, why=skip_reason(job))
    return None


def _skip_over_budget(state: RunState) -> Decision | None:
    if not state.over_budget or not state.counts["waiting"]:
        return None
    index = state.first_waiting
    while state.jobs[index].phase != "waiting":
        index += 1
    n = state.failures
    why = "fail_fast" if state.policy.fail_fast else f"{n} failed: max_failures"
    return JobSkipped(job=state.jobs[index].spec.id, why=why)


def _close(state: RunState) -> Decision | None:
    if state.closed or state.active or state.counts["waiting"]:
        return None
    return RunClosed(verdict=verdict(state))


def _drain(state: RunState) -> Decision | None:
    return None if state.stop else drain(state)


def verdict(state: RunState) -> Verdict:
    """The result of a run whose jobs have all ended: the worst one of its jobs."""
    jobs = judged(state) if state.groups else state.jobs
    phases = {job.phase for job in jobs}
    skipped = [job for job in jobs if job.phase == "skipped"]
    if any(job.refusal is None and not is_cut_off(job) for job in skipped):
        return "budget"
    if "failed" in phases or any(job.refusal is not None for job in skipped):
        return "failures"
    if "cancelled" in phases:
        return "cancelled"
    return "failures" if skipped else "succeeded"


# -- starts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SchedulingUnit:
    """Jobs that start together: one job, or all waiting members of a population."""

    index: int
    """Place of its first job in plan order."""
    first: JobState
    """The job to start first: the one that needs most GPUs, so that the others still fit."""
    shape: Shape
    """Number of GPUs that each job needs, the largest first."""
    since: float
    """When the last of its jobs became ready, in Unix seconds."""


def _start(state: RunState, now: float, held: Collection[int]) -> Decision | None:
    if state.held or state.stop or state.executor is None:
        return None
    if len(state.active) >= state.policy.max_parallel or now < state.next_start:
        return None
    job = select_next(state, now, held)
    if job is None:
        return None
    gpus = state.slots.place(job.need, held, _worse(job))
    assert gpus is not None
    known = job.continuation
    return AttemptScheduled(
        job=job.spec.id,
        attempt=len(job.attempts) + 1,
        gpus=tuple(name(g) for g in gpus),
        args=known.args if known else (),
        env=known.env if known else {},
        why=begins_text(job, now) if known else None,
        anew=job.anew,
        port=next_port(state, job),
    )


def together(
    state: RunState, job: JobState, held: Collection[int] = ()
) -> list[tuple[JobState, tuple[Gpu, ...]]]:
    """The jobs that start with `job`, which `decide` has just chosen, and the GPUs of each.

    They are the job alone, or all waiting members of its population if none is active: those begin
    together, although `pause_between` may lie between two starts.
    """
    if job.gang is None or job.gang.active:
        gpus = state.slots.place(job.need, held, _worse(job))
        assert gpus is not None
        return [(job, gpus)]
    waiting = (state.jobs[member.index] for member in job.gang.members if member.is_waiting)
    members = sorted(waiting, key=lambda member: (-member.need, member.index))
    places = state.slots.place_all(tuple(member.need for member in members), held)
    assert places is not None
    return list(zip(members, places, strict=True))


def _worse(job: JobState) -> tuple[Gpu, ...]:
    """The GPUs on which the job has just failed; none where a whole population begins.

    There, to prefer other GPUs could take the place of a member.
    """
    return job.failed_on if job.gang is None or job.gang.active else ()


def select_next(state: RunState, now: float, held: Collection[int] = ()) -> JobState | None:
    """The next job to start; None if none may.

    Members of active populations go first. While one of them does not fit now but would fit on
    empty GPUs, nothing else starts. Then the first unit in plan order that fits is next, unless a
    unit before it is out of patience.
    """
    closed = False
    for job in gang_backfill(state, now):
        if state.slots.room((job.need,), held):
            return job
        closed = closed or state.slots.room((job.need,), empty=True)
    if closed:
        return None
    for unit in sorted(units(state, now), key=lambda u: u.index):
        if fits(state, unit, held):
            return unit.first
        if out_of_patience(state, unit, now) and could_fit(state, unit):
            return None
    return None


def fits(state: RunState, unit: SchedulingUnit, held: Collection[int] = ()) -> bool:
    """Whether the unit fits now: on the free slots, and within `max_parallel`."""
    free = state.policy.max_parallel - len(state.active)
    return len(unit.shape) <= free and state.slots.room(unit.shape, held)


def could_fit(state: RunState, unit: SchedulingUnit) -> bool:
    """Whether the unit would fit on the devices that are not drained if nothing was active."""
    return len(unit.shape) <= state.policy.max_parallel and state.slots.room(unit.shape, empty=True)


def out_of_patience(state: RunState, unit: SchedulingUnit, now: float) -> bool:
    """Whether the unit has been ready for so long that no later unit may overtake it."""
    return now >= max(unit.since, state.patience_from) + state.policy.patience


def gang_backfill(state: RunState, now: float) -> list[JobState]:
    """Ready members of active populations, of each need the first in plan order.

    The largest need comes first. Members whose back-off just ended are included.
    """
    heads = [_first(state, heap) for heap in state.ready_queue.gang_backfill.values() if heap]
    due = [job for job in state.ready_queue.due(now) if job.gang is not None and job.gang.active]
    heads += [job for job in (state.jobs[one.index] for one in due) if not waits(job)]
    found = [job for job in heads if job is not None]
    return sorted(found, key=lambda job: (-job.need, job.index))


def _first(state: RunState, backfill: list[tuple[int, Schedulable]]) -> JobState | None:
    """The first job of a heap that does not wait for its group to stop."""
    head = state.jobs[backfill[0][0]]
    if head.group is None or not waits(head):
        return head
    ready = [state.jobs[i] for i, job in backfill if job.bucket == "gang_backfill"]
    found = [job for job in ready if not waits(job)]
    return min(found, key=lambda job: job.index, default=None)


def units(state: RunState, now: float) -> Iterator[SchedulingUnit]:
    """The first unit of each shape, and the units whose last back-off just ended."""
    for key, heap in state.ready_queue.units.items():
        if heap:
            head = heap[0][2]
            yield _unit(state, head.gang.waiting if head.gang else (head,), key)
    gangs: dict[str, Gang] = {}
    for job in state.ready_queue.due(now):
        if job.gang is None:
            yield _unit(state, (job,), (job.need,))
        elif not job.gang.active:
            gangs[job.gang.id] = job.gang
    for gang in gangs.values():
        waiting = tuple(job for job in gang.members if job.is_waiting)
        if all(_is_ready(job, now) for job in waiting):
            yield _unit(state, waiting, shape(waiting))


def _is_ready(job: Schedulable, now: float) -> bool:
    return job.bucket == "gang" or (job.bucket == "delayed" and job.ready_at <= now)


def _unit(state: RunState, members: tuple[Schedulable, ...], key: Shape) -> SchedulingUnit:
    first = min(members, key=lambda job: (-job.need, job.index))
    since = max(_ready_since(state.jobs[job.index]) for job in members)
    return SchedulingUnit(min(job.index for job in members), state.jobs[first.index], key, since)


def _ready_since(job: JobState) -> float:
    return max(job.since, job.ready_at, *(met_at(one) for one in job.needed))
