"""Copies of a run's state that are folded on without changing the state that they are copies of.

A copy has jobs of its own and shares their attempts, which are many. So before an event of a job is
applied, `own_attempts` replaces its newest attempt by a copy: no event changes an older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from operator import attrgetter

from pbt_tui.journal.device_health import DeviceHealth
from pbt_tui.journal.ready_queue import Gang, ReadyQueue
from pbt_tui.journal.state import GroupState, JobState, RunState

_of_job = attrgetter(*JobState.__struct_fields__)


def copy_run(state: RunState) -> RunState:
    """A copy of what a state holds besides its jobs, for `copy_state`. Later events leave it."""
    new = RunState.__new__(RunState)
    for name, value in vars(state).items():
        setattr(new, name, copy(value) if isinstance(value, dict | set | list) else value)
    new.gangs = {name: Gang(name, active=gang.active) for name, gang in state.gangs.items()}
    new.groups = [copy(group) for group in state.groups]
    new.slots = copy(state.slots)
    new.slots.busy, new.slots.drained = list(state.slots.busy), list(state.slots.drained)
    new.health = DeviceHealth(dict(state.health.bad), dict(state.health.finished))
    new.jobs, new.by_id = [], {}
    new.indexed, new.ready_queue, new.deadlines = False, ReadyQueue(), []
    return new


def copy_state(run: RunState, jobs: Sequence[JobState]) -> RunState:
    """A state with copies of `jobs`, and without ready queue and deadlines.

    `journal.indexes.make_indexes` makes these two.

    Args:
        run: What it holds besides its jobs; events may be applied to the state alone.
        jobs: Its jobs, in plan order.
    """
    new = copy_run(run)
    new.jobs = [copy(job) for job in jobs]
    new.by_id = {job.spec.id: job for job in new.jobs}
    members: dict[str, list[JobState]] = {name: [] for name in new.gangs}
    for job in new.jobs if members else ():
        if job.gang is not None:
            job.gang = new.gangs[job.gang.id]
            members[job.gang.id].append(job)
    for name, gang in new.gangs.items():
        gang.members = tuple(members[name])
    new.groups = [
        GroupState(
            group.spec,
            new.by_id[group.spec.lead],
            tuple(new.jobs[job.index] for job in group.members),
            group.again_from,
        )
        for group in run.groups
    ]
    for group in new.groups:
        for job in group.members:
            job.group = group
    new.over = {group.spec.id: group for group in new.groups if group.spec.id in run.over}
    for index in {index for indexes in run.needed_by.values() for index in indexes}:
        needed = new.jobs[index].needed
        new.jobs[index].needed = tuple(new.jobs[one.index] for one in needed)
    new.unreachable = {index: new.jobs[index] for index in run.unreachable}
    new.active = {index: new.jobs[index] for index in run.active}
    new.to_stop = {index: new.jobs[index] for index in run.to_stop}
    return new


def is_same(one: JobState, other: JobState) -> bool:
    """Whether two states of a job say the same; they do not if their attempts are copies."""
    return one.attempts is other.attempts and bool(_of_job(one) == _of_job(other))


def own_attempts(job: JobState) -> None:
    """Gives a job its own newest attempt."""
    if job.attempts:
        job.attempts = (*job.attempts[:-1], copy(job.attempts[-1]))
