"""Why a slot is idle, in one phrase: the clauses of `decide`, asked from the side of the GPU.

It reads the state of one moment, and knows neither whether an executor ran then nor what others did
with the GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pbt_tui.journal.events import Gpu
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

Clause = Literal[
    "no_executor",
    "closed",
    "not_listed",
    "drained",
    "stopping",
    "nothing_waits",
    "held",
    "max_parallel",
    "gpus",
    "gang",
    "later",
    "pause",
    "taken",
    "next",
]


class IdleReason(NamedTuple):
    """What keeps a slot idle."""

    clause: Clause
    """The rule. `next`: no rule does, so a job is about to start there."""
    text: str
    """The reason, for people."""


def explain_idle(
    state: RunState, gpu: Gpu | None, now: float, held: Mapping[str, str] | None = None
) -> IdleReason:
    """What keeps a free slot of a GPU idle.

    Args:
        state: The state of the run at that moment.
        gpu: The GPU; None: jobs are not pinned to GPUs.
        now: The moment, in Unix seconds.
        held: UUID or index of each GPU that other runs hold, to `held by run …`.
    """
    if state.executor is None:
        return IdleReason("no_executor", "no executor has started this run yet")
    if state.closed is not None:
        return IdleReason("closed", "the run is closed: every job has ended")
    if gpu is not None and state.slots.position(gpu) is None:
        return IdleReason("not_listed", "the executor does not use this GPU")
    if gpu is not None and state.slots.is_drained(gpu):
        why = state.why_drained(gpu)
        return IdleReason("drained", f"drained: {why}" if why else "drained by a person")
    if state.stop:
        return IdleReason("stopping", "the run is being stopped")
    if not state.counts["waiting"]:
        return IdleReason("nothing_waits", "no job waits")
    if state.held:
        return IdleReason("held", "held: no new attempt starts until it is released")
    most = state.policy.max_parallel
    if len(state.active) >= most:
        return IdleReason("max_parallel", f"max_parallel {most} is reached{_waiting(state)}")
    taken = {
        i: held[name(each)]
        for i, each in enumerate(state.slots.gpus)
        if held and name(each) in held and not state.slots.drained[i]
    }
    return _queue(state, now, taken)


def _queue(state: RunState, now: float, taken: Mapping[int, str]) -> IdleReason:
    """What keeps the jobs that wait from starting, in the order in which `decide` asks."""
    closed = None
    for job in gang_backfill(state, now):
        if state.slots.room((job.need,), taken):
            return _starts(state, job, now)
        if closed is None and state.slots.room((job.need,), empty=True):
            closed = job
    if closed is not None:
        if state.slots.room((closed.need,)):
            return _taken(taken)
        what = f"{_lacks(state, closed)}, and nothing overtakes a population that has begun"
        return IdleReason("gpus", what)
    queue = sorted(units(state, now), key=lambda unit: unit.index)
    for unit in queue:
        if fits(state, unit, taken):
            return _starts(state, unit.first, now)
        if out_of_patience(state, unit, now) and could_fit(state, unit):
            if fits(state, unit):
                return _taken(taken)
            clause, text = _too_big(state, unit)
            waited = countdown(now - max(unit.since, state.patience_from))
            return IdleReason(clause, f"{text}; nothing overtakes it: it has waited {waited}")
    if queue:
        return _taken(taken) if fits(state, queue[0]) else _too_big(state, queue[0])
    return _not_ready(state, now)


def _starts(state: RunState, job: JobState, now: float) -> IdleReason:
    left = state.next_start - now
    if left > 0:
        pause = f"{state.policy.pause_between:g}s"
        text = f"pause_between: starts are {pause} apart, `{job.spec.id}` in {countdown(left)}"
        return IdleReason("pause", text)
    return IdleReason("next", f"`{job.spec.id}` is next in line")


def _taken(taken: Mapping[int, str]) -> IdleReason:
    first, more = next(iter(taken.values())), len(taken) - 1
    others = f", and {more} more {'GPU' if more == 1 else 'GPUs'}" if more else ""
    return IdleReason("taken", first + others)


def _too_big(state: RunState, unit: SchedulingUnit) -> IdleReason:
    """Why a unit does not start: what it needs, and what is free."""
    members, gang = len(unit.shape), unit.first.gang
    most = state.policy.max_parallel
    if not could_fit(state, unit):
        drained = "; ".join(drained_texts(state))
        who = f"`{unit.first.spec.id}`" if gang is None else f"population `{gang.id}`"
        return IdleReason("gpus", f"too few GPUs that are not drained for {who}: {drained}")
    if gang is None or members == 1:
        return IdleReason("gpus", _lacks(state, unit.first) + _waiting(state))
    start = f"the {members} members of population `{gang.id}` start together"
    free = most - len(state.active)
    if members > free:
        return IdleReason("gang", f"{start}: only {free} of max_parallel {most} free")
    slots = state.slots
    places = sum(
        slots.per_gpu - busy
        for busy, drained in zip(slots.busy, slots.drained, strict=True)
        if not drained and busy < slots.per_gpu
    )
    return IdleReason("gang", f"{start}: they need {sum(unit.shape)} slots, only {places} free")


def _lacks(state: RunState, job: JobState) -> str:
    """`07` needs 2 GPUs, only 1 free"""
    slots = state.slots
    free = sum(
        not drained and busy < slots.per_gpu
        for busy, drained in zip(slots.busy, slots.drained, strict=True)
    )
    need = f"{job.need} GPU{'' if job.need == 1 else 's'}"
    return f"`{job.spec.id}` needs {need}, {f'only {free}' if free else 'none'} free"


def _not_ready(state: RunState, now: float) -> IdleReason:
    """Why no job that waits may start yet: a back-off, a question, a member of its population."""
    delayed = [
        entry
        for entry in state.ready_queue.delayed
        if entry[0] > now and entry[2].bucket == "delayed" and entry[2].ready_at == entry[0]
    ]
    if delayed:
        ready_at, index, _ = min(delayed, key=lambda entry: entry[:2])
        job = state.jobs[index]
        text = f"`{job.spec.id}` tries again in {countdown(ready_at - now)} (try {job.tries + 1})"
        return IdleReason("later", text + _waiting(state))
    for job in state.jobs[state.first_waiting :]:
        if job.is_blocked:
            continue
        if job.is_unread:
            text = f"the executor looks for what `{job.spec.id}` goes on from"
            return IdleReason("later", text)
        if job.is_waiting and job.gang is not None:
            what = "members of population" if job.group is None else "tasks of group"
            text = f"the {what} `{job.gang.id}` wait until each of them is ready"
            return IdleReason("gang", text)
    return IdleReason("later", "no job that waits may start yet")


def _waiting(state: RunState) -> str:
    count = state.counts["waiting"]
    return f" ({count} {'job waits' if count == 1 else 'jobs wait'})"
