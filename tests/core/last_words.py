"""Checks the whole journal of a life, read again, and the final state of its world."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import ACTIVE, RunState
from tests.core import brute, group_checks
from tests.core.world import NOBODY, Proc, World

if TYPE_CHECKING:
    from tests.core.simulation import Life


def check(life: Life) -> None:
    """Checks the whole journal, read again, and the final state of the world."""
    world = life.world
    state = RunState(life.spec)
    ends: Counter[tuple[str, int]] = Counter()
    scheduled: set[tuple[str, int]] = set()
    starts: Counter[tuple[str, int, int]] = Counter()
    answered: Counter[str] = Counter()
    asked_off: set[str] = set()
    asked = brute.Asked(life.spec, world.broken, life.asked_at)
    groups = group_checks.GroupChecks(world.broken)
    for event in world.durable:
        match event:
            case ev.AttemptScheduled():
                scheduled.add((event.job, event.attempt))
                if event.job in asked_off:
                    world.broken(f"{event.job} was scheduled after its cancel")
                job = state.by_id[event.job]
                waiting = brute.gang_backfill(state, event.at)
                if job not in waiting and any(
                    brute.room(state, [o.need], empty=True) for o in waiting
                ):
                    world.broken(f"{event.job} went before owed {waiting[0].spec.id}")
                if job.gang is not None and not job.gang.active:
                    together = [m for m in job.gang.members if m.is_waiting]
                    if not brute.room(state, [m.need for m in together]) or len(
                        together
                    ) > state.policy.max_parallel - len(state.active):
                        world.broken(f"gang of {event.job} begins without room for all")
                    if any(m.ready_at > event.at or m.is_unread for m in together):
                        world.broken(f"gang of {event.job} begins before all are ready")
                if any(state.slots.is_drained(g) for g in state.slots.gpus if g.uuid in event.gpus):
                    world.broken(f"{event.job} was scheduled on a drained GPU")
                used = {other.attempts[-1].port for other in state.active.values()}
                if event.port is None or event.port in used:
                    world.broken(f"{event.job} has no port for itself: {event.port}")
            case ev.GpuDrained():
                life.drains += 1
                left = [g for g in state.slots.gpus if not state.slots.is_drained(g)]
                if [g.uuid for g in left] == [event.device]:
                    world.broken("the last GPU was drained")
                if event.device not in {g.uuid for g in left}:
                    world.broken(f"{event.device} was drained twice")
            case ev.AttemptStarted():
                starts[event.job, event.attempt, event.restart or 0] += 1
            case ev.AttemptEnded():
                ends[event.job, event.attempt] += 1
            case ev.RequestAccepted() | ev.RequestRefused():
                answered[event.id] += 1
                if isinstance(event, ev.RequestAccepted):
                    names = set(event.jobs) or set(state.by_id)
                    if event.action in ("cancel", "kill"):
                        asked_off |= {n for n in names if state.by_id[n].phase in ACTIVE}
                    if event.action == "retry":
                        asked_off -= {n for n in names if state.by_id[n].phase not in ACTIVE}
            case _:
                pass
        asked.before(event, state)
        groups.before(event, state)
        apply(state, event)
        asked.after(event, state)
        groups.after(event, state)
    for name in scheduled:
        if ends[name] != 1:
            world.broken(f"attempt {name} ended {ends[name]} times")
    for start, n in starts.items():
        if n != 1:
            world.broken(f"start {start} was recorded {n} times")
    for request, n in answered.items():
        if n != 1:
            world.broken(f"request {request} answered {n} times")
    orphans = [p.name for p in world.alive()]
    if orphans:
        world.broken(f"orphaned: {orphans}")
    for name, proc in world.procs.items():
        if proc.place != world.place:
            continue  # of the original, from which this directory was copied
        if name not in scheduled:
            world.broken(f"{name} ran without a decision on disk")
        if proc.handle != NOBODY:
            _true_end(world, state, proc, groups.leads.get(name))
    if world.inbox:
        world.broken(f"requests left without an answer: {list(world.inbox)}")


def _true_end(world: World, state: RunState, proc: Proc, lead: str | None) -> None:
    """Checks that the journal agrees with the world about each attempt.

    Args:
        lead: the phase of the lead of its group when the end was recorded.
    """
    job = state.by_id[proc.name[0]]
    attempt = job.attempts[proc.name[1] - 1]
    if proc.ended is None:
        return
    if attempt.restarts > proc.restart:
        world.broken(f"{proc.name} restarted {proc.restart} times, not {attempt.restarts}")
    if attempt.stop_at is None:
        true = "lost" if not proc.coded else "refused" if proc.refused else None
    elif proc.coded and not proc.refused and proc.order == "before":
        true = None
    elif attempt.stop_why == "group_end":
        true = "succeeded" if lead == "succeeded" else "stopped"
    elif attempt.outcome == "succeeded":
        world.broken(f"{proc.name} ended after its stop and was called a success")
        return
    else:
        return
    true = true or group_checks.by_code(job.spec, proc.code)
    if attempt.outcome != true:
        world.broken(f"{proc.name} truly {true}, recorded {attempt.outcome}")
