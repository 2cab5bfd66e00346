"""Why a job is not running, in one phrase: the clauses of `decide` as text.

It reads the state only, and does not know whether an executor runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from pbt_tui.journal.slots import name
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import countdown
from pbt_tui.scheduler.decide import (
    SchedulingUnit,
    could_fit,
    fits,
    gang_backfill,
    out_of_patience,
    units,
)
from pbt_tui.scheduler.drains import drained_texts


def explain(state: RunState, job_id: str, now: float, held: Mapping[str, str] | None = None) -> str:
    """A phrase for people; empty if there is nothing to explain.

    Args:
        state: The state of the run.
        job_id: The job.
        now: Unix seconds.
        held: UUID or index of each GPU that other runs hold, to `held by run …`.

    Raises:
        KeyError: if the spec has no such job.
    """
    job = state.by_id[job_id]
    if job.phase != "waiting":
        return _not_waiting(job)
    if state.executor is None:
        return "no executor has started this run yet"
    if state.stop:
        return "the run is being stopped"
    if state.held:
        return "held: no new attempt starts until it is released"
    if job.ready_at > now:
        return f"tries again in {countdown(job.ready_at - now)} (try {job.tries + 1})"
    if job.is_blocked:
        return f"waits for `{next(one.spec.id for one in job.needed if not one.is_met)}`"
    if job.is_unread:
        return "the executor looks for what it goes on from"
    if len(state.active) >= state.policy.max_parallel:
        return f"{len(state.active)} are active: max_parallel {state.policy.max_parallel}"
    positions = {}
    for i, gpu in enumerate(state.slots.gpus):
        if held and name(gpu) in held and not state.slots.drained[i]:
            positions[i] = f"GPU {name(gpu) if gpu.index is None else gpu.index}: {held[name(gpu)]}"
    return _ready(state, job, now, positions)


def _not_waiting(job: JobState) -> str:
    attempt = job.attempt
    if job.phase == "skipped":
        return f"skipped: {job.why}"
    if attempt is None:
        return "cancelled before it started" if job.phase == "cancelled" else ""
    if attempt.queued and job.phase in ("starting", "running"):
        return attempt.queued
    if job.phase == "stopping":
        return f"{attempt.stop_why}: {'killed' if attempt.kill_at else 'asked to stop'}"
    return ""


def _ready(state: RunState, job: JobState, now: float, held: Mapping[int, str]) -> str:
    """Why a job that may start has not started: what is before it, or what is missing."""
    if job.gang is not None and job.gang.active:
        if not state.slots.room((job.need,)):
            return f"its {_gang(job)} has begun; needs {_gpus(job.need)}, none free"
        if not state.slots.room((job.need,), held):
            return f"its {_gang(job)} has begun; {_holders(held)}"
        return _pause(state, now) or f"its {_gang(job)} has begun: it is next"
    blockers = [
        other for other in gang_backfill(state, now) if state.slots.room((other.need,), empty=True)
    ]
    if blockers:
        return f"after `{blockers[0].spec.id}`, whose {_gang(blockers[0])} has begun"
    queue = sorted(units(state, now), key=lambda u: u.index)
    mine = _unit_of(job, queue)
    if mine is None:
        return f"waits until every {_member(job)} of its {_gang(job)} is ready"
    for unit in queue:
        if unit is mine or unit.index > job.index:
            break
        waits = not fits(state, unit, held) and could_fit(state, unit)
        if waits and out_of_patience(state, unit, now):
            waited = countdown(now - max(unit.since, state.patience_from))
            return f"after `{unit.first.spec.id}`, which has waited {waited}"
    if not fits(state, mine):
        return _too_big(state, mine)
    if not fits(state, mine, held):
        return _holders(held)
    return _pause(state, now) or "next in line"


def _unit_of(job: JobState, queue: list[SchedulingUnit]) -> SchedulingUnit | None:
    """Its unit, or the first unit of its shape; None while its gang is not ready."""
    for unit in queue:
        if unit.first.gang is job.gang and (job.gang is not None or unit.shape == (job.need,)):
            return unit
    return None


def _too_big(state: RunState, unit: SchedulingUnit) -> str:
    members, kind = len(unit.shape), _gang(unit.first)
    free = state.policy.max_parallel - len(state.active)
    if members > free:
        return f"its {kind} of {members} starts together; {free} of max_parallel are free"
    if not could_fit(state, unit):
        return f"too few GPUs that are not drained: {'; '.join(drained_texts(state))}"
    if members > 1:
        return f"its {kind} of {members} starts together; the GPUs have too few free slots"
    return f"needs {_gpus(unit.shape[0])}: none free"


def _gang(job: JobState) -> str:
    return "population" if job.group is None else "group"


def _member(job: JobState) -> str:
    return "member" if job.group is None else "task"


def _holders(held: Mapping[int, str]) -> str:
    """Who holds the first of these GPUs, and how many others are held."""
    first, more = next(iter(held.values())), len(held) - 1
    return first + (f", and {more} more {'GPU' if more == 1 else 'GPUs'}" if more else "")


def _pause(state: RunState, now: float) -> str:
    """The rest of `pause_between`; empty if it is over."""
    left = state.next_start - now
    return (
        f"starts are {state.policy.pause_between:g}s apart: next in {countdown(left)}"
        if left > 0
        else ""
    )


def _gpus(n: int) -> str:
    return f"{n} GPU{'' if n == 1 else 's'}"
