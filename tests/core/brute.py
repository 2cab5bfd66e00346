"""A slow, simple second implementation of the scheduler's rules, computed from the phases.

After every event the tests compare the core's indexes (slots, ready queue, jobs to stop) with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.groups import CUT_OFF
from pbt_tui.journal.slots import same
from pbt_tui.journal.state import ACTIVE, ENDED, JobState, RunState
from pbt_tui.spec import Processes


def busy(state: RunState) -> list[int]:
    count = [0] * len(state.slots.gpus)
    for job in state.jobs:
        if job.phase in ACTIVE:
            for device in job.attempts[-1].devices:
                for i, gpu in enumerate(state.slots.gpus):
                    if same(device, gpu):
                        count[i] += 1
                        break
    return count


def room(state: RunState, needs: list[int], *, empty: bool = False) -> bool:
    """Tries every assignment to GPUs."""
    if state.policy.experiments_per_gpu < 0:
        return True
    used = [0] * len(state.slots.gpus) if empty else busy(state)
    left = tuple(
        state.policy.experiments_per_gpu - used[i]
        for i in range(len(used))
        if not any(same(state.slots.gpus[i], d) for d in state.drained)
    )
    return _place(left, tuple(sorted(needs, reverse=True)))


def _place(left: tuple[int, ...], needs: tuple[int, ...]) -> bool:
    if not needs:
        return True
    free = [i for i, n in enumerate(left) if n > 0]
    tried = set()
    for chosen in combinations(free, needs[0]):
        rest = tuple(n - (i in chosen) for i, n in enumerate(left))
        key = tuple(sorted(rest))
        if key not in tried:
            tried.add(key)
            if _place(rest, needs[1:]):
                return True
    return False


def ready(job: JobState, now: float) -> bool:
    known = not job.is_unread and job.refusal is None
    return job.phase == "waiting" and job.ready_at <= now and known and not blocked(job)


def blocked(job: JobState) -> bool:
    """Whether a job that it needs has not succeeded, or a group that it needs is not over."""
    return any(
        (one.group.lead if one.group else one).phase != "succeeded"
        or lost(one)
        or (one.group and any(m.phase in (*ACTIVE, "waiting") for m in one.group.members))
        for one in job.needed
    )


def ready_since(job: JobState) -> float:
    """When the last thing happened that a job, which is ready now, had waited for."""
    units = [one.group.members if one.group else (one,) for one in job.needed]
    return max(job.since, job.ready_at, *(one.since for unit in units for one in unit))


def lost(one: JobState) -> bool:
    """Whether a job that is needed, or its group, has ended without success."""
    if one.group is None:
        return one.phase in ("failed", "cancelled", "skipped")
    fails = one.group.spec.fails_together and "failed" in {m.phase for m in one.group.members}
    return fails or one.group.lead.phase in ("failed", "cancelled", "skipped")


def group_ended(job: JobState) -> bool:
    """Whether its group has ended: with its lead, or with a failure that is one of the group."""
    group = job.group
    if group is None:
        return False
    fails = group.spec.fails_together and "failed" in {m.phase for m in group.members}
    return fails or group.lead.phase in ENDED


def stops_for_group(job: JobState) -> bool:
    """Whether an active job has to stop with its group, or to start again with it."""
    group = job.group
    return group is not None and (
        group_ended(job) or job.attempts[-1].seq < group.again_from  # `group_checks` checks it
    )


def over(state: RunState) -> set[str]:
    """Groups that have ended and have a job that waits."""
    return {job.group.spec.id for job in state.jobs if job.group and waits_in_vain(job)}


def waits_in_vain(job: JobState) -> bool:
    return job.phase == "waiting" and group_ended(job)


def unreachable(state: RunState) -> set[int]:
    """Waiting jobs that need what has ended without success."""
    return {j.index for j in state.jobs if j.phase == "waiting" and any(map(lost, j.needed))}


def gang_backfill(state: RunState, now: float) -> list[JobState]:
    stopping = {
        job.group.spec.id
        for job in state.jobs
        if job.group and job.phase in ACTIVE and job.attempts[-1].seq < job.group.again_from
    }
    return [
        job
        for job in state.jobs
        if ready(job, now)
        and not (job.group and job.group.spec.id in stopping)
        and job.gang is not None
        and any(state.jobs[m.index].phase in ACTIVE for m in job.gang.members)
    ]


def units(state: RunState, now: float) -> list[list[JobState]]:
    """All units that are ready to start, in plan order."""
    found: list[list[JobState]] = []
    seen = set()
    for job in state.jobs:
        if job.phase != "waiting":
            continue
        if job.gang is None:
            if ready(job, now):
                found.append([job])
        elif job.gang.id not in seen:
            seen.add(job.gang.id)
            members = [state.jobs[m.index] for m in job.gang.members]
            waiting = [m for m in members if m.phase == "waiting"]
            if not any(m.phase in ACTIVE for m in members) and all(ready(m, now) for m in waiting):
                found.append(waiting)
    return found


def check_starved(state: RunState, broken: Callable[[str], None]) -> None:
    """Checks that nothing is active, and that nothing that waits fits the GPUs that are left."""
    if state.active:
        broken("gave up although jobs are active")
    for unit in units(state, float("inf")):
        if room(state, [job.need for job in unit], empty=True):
            broken(f"gave up although {unit[0].spec.id} fits")


def choose(state: RunState, now: float) -> list[JobState]:
    """The unit, or the job of the gang backfill, that may start now; empty if none."""
    backfill = gang_backfill(state, now)
    fitting = [job for job in backfill if room(state, [job.need])]
    if fitting:
        return [max(fitting, key=lambda j: (j.need, -j.index))]
    if any(room(state, [job.need], empty=True) for job in backfill):
        return []
    free = state.policy.max_parallel - len(state.active)
    for unit in units(state, now):
        needs = [job.need for job in unit]
        if len(unit) <= free and room(state, needs):
            return unit
        since = max(state.patience_from, *(ready_since(job) for job in unit))
        if (
            now >= since + state.policy.patience
            and len(unit) <= state.policy.max_parallel
            and room(state, needs, empty=True)
        ):
            # Patience is asked of each head only, not of what stands behind one of its own kind.
            if _is_head(state, unit, now):
                return []
    return []


def _is_head(state: RunState, unit: list[JobState], now: float) -> bool:
    shape = sorted(job.need for job in unit)
    for other in units(state, now):
        if other != unit and any(job.bucket == "delayed" for job in other):
            continue  # its back-off has just ended, and no event has moved it yet
        if sorted(job.need for job in other) == shape:
            return other[0] is unit[0]
    return False


def must_stop(state: RunState) -> set[int]:
    found = set()
    for job in state.jobs:
        if job.phase not in ACTIVE:
            continue
        attempt = job.attempts[-1]
        soft = job.cancel or state.stop or (state.policy.fail_fast and state.failures)
        hard = job.cancel == "hard" or state.stop == "kill"
        soft = soft or stops_for_group(job)
        if (soft and attempt.stop_at is None) or (hard and attempt.kill_at is None):
            found.add(job.index)
    return found


class Asked:
    """Checks each event against the requests so far: hold, kill, stop, and the failure budget."""

    def __init__(
        self, spec: Processes, broken: Callable[[str], None], asked_at: dict[str, float]
    ) -> None:
        self.broken = broken
        self.asked_at = asked_at
        self.held = False
        self.stops = 0
        self.failed: set[str] = set()
        self.owed_kills: dict[tuple[str, int], float] = {}
        self.hard: set[str] = set()
        self.started = 0.0
        self.policy = spec.policy

    def before(self, event: ev.AnyEvent, state: RunState) -> None:
        late = [name for name, at in self.owed_kills.items() if event.at > at]
        if late and not (isinstance(event, ev.ExecutorStarted | ev.RunRehomed) or _foreign(event)):
            self.broken(f"{late[0]} was not killed at once")
            self.owed_kills.clear()
        match event:
            case ev.ExecutorStarted():
                self.started = event.at
                self.stops = 0
                self.owed_kills = {
                    (job.spec.id, job.attempts[-1].number): event.at
                    for job in state.active.values()
                    if job.spec.id in self.hard and job.attempts[-1].kill_at is None
                }
            case ev.AttemptScheduled():
                if self.held:
                    self.broken(f"{event.job} was scheduled while held")
                limit = 1 if self.policy.fail_fast else self.policy.max_failures
                if limit is not None and len(self.failed) >= limit:
                    self.broken(f"{event.job} was scheduled after {len(self.failed)} failures")
                if self.stops:
                    self.broken(f"{event.job} was scheduled while stopping")
            case ev.JobSkipped():
                limit = 1 if self.policy.fail_fast else self.policy.max_failures
                refused = event.why.startswith(("cannot be continued", CUT_OFF, "upstream "))
                if not refused and (limit is None or len(self.failed) < limit):
                    self.broken(f"{event.job} was skipped after {len(self.failed)} failures")
            case ev.RequestAccepted():
                self._accepted(event, state)
            case _:
                pass

    def _accepted(self, event: ev.RequestAccepted, state: RunState) -> None:
        jobs = [state.by_id[n] for n in event.jobs] or state.jobs
        match event.action:
            case "hold":
                self.held = True
            case "release":
                self.held = False
            case "retry":
                back = [
                    j for j in jobs if j.phase in ENDED and (event.jobs or j.phase != "succeeded")
                ]
                self.hard -= {j.spec.id for j in back}
                if back:
                    self.failed.clear()
                if back and state.closed:
                    self.held = False
            case "kill":
                active = [j for j in jobs if j.phase in ACTIVE]
                self.hard |= {j.spec.id for j in active}
                self._owe(active, event.at)
            case "stop":
                if self.asked_at.get(event.id, event.at) < self.started:
                    self.broken("a stop asked before this executor started was obeyed")
                self.stops += 1
                if self.stops > 1:
                    self._owe(list(state.active.values()), event.at)
            case _:
                pass

    def _owe(self, jobs: Sequence[JobState], at: float) -> None:
        for job in jobs:
            if job.attempts[-1].kill_at is None:
                self.owed_kills[job.spec.id, job.attempts[-1].number] = at

    def after(self, event: ev.AnyEvent, state: RunState) -> None:
        if isinstance(event, ev.KillRequested | ev.AttemptEnded):
            self.owed_kills.pop((event.job, event.attempt), None)
        if isinstance(event, ev.AttemptEnded):
            self.hard.discard(event.job)
            job = state.by_id[event.job]
            group = job.group
            if job.phase == "failed" and (
                group is None or job is group.lead or group.spec.fails_together
            ):
                self.failed.add(event.job)


def _foreign(event: ev.AnyEvent) -> bool:
    """Whether it ends an attempt that a copy holds as active."""
    return isinstance(event, ev.AttemptEnded) and "belongs to the run" in (event.detail or "")


class Held:
    """Whether a hold is in force, by the rules for people; follows a journal that grows."""

    def __init__(self, spec: Processes) -> None:
        self._spec = spec
        self._read(spec)

    def _read(self, spec: Processes) -> None:
        self._asked = Asked(spec, lambda what: None, {})
        self._state = RunState(spec)
        self._events: list[ev.AnyEvent] = []

    def held(self, events: Sequence[ev.AnyEvent]) -> bool:
        known = len(self._events)
        if known > len(events) or (known and events[known - 1] is not self._events[-1]):
            self._read(self._spec)  # a copy of the directory has another journal
            known = 0
        for event in events[known:]:
            self._asked.before(event, self._state)
            apply(self._state, event)
            self._asked.after(event, self._state)
            self._events.append(event)
        return self._asked.held


def _indexes(state: RunState) -> tuple[object, ...]:
    """What the scheduler reads beside the phases: `replay` makes it once, at its end."""
    buckets = [(job.bucket, job.need) for job in state.jobs]
    gangs = [[job.index for job in gang.waiting] for gang in state.gangs.values()]
    queue = state.ready_queue
    others = sorted(queue.unread), sorted(queue.refused), sorted(state.to_stop)
    return buckets, gangs, others, state.deadlines[:1]


def check_indexes(live: RunState, replayed: RunState, broken: Callable[[str], None]) -> None:
    if _indexes(live) != _indexes(replayed):
        broken(f"indexes differ: {_indexes(live)}, replayed {_indexes(replayed)}")
