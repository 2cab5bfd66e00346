"""Compares every index of a live state with the phases, and every decision with `brute`."""

from __future__ import annotations

from collections import Counter

from pbt_tui.executor.loop import Loop
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import ACTIVE
from pbt_tui.scheduler.decide import select_next
from pbt_tui.spec import Processes
from tests.core import brute
from tests.core.world import World


def watch(loop: Loop, world: World, spec: Processes) -> None:
    """Compares from now on; slow."""
    state = loop.state
    record = loop.record

    def watched(event: ev.AnyEvent, now: float) -> None:
        if isinstance(event, ev.AttemptScheduled):
            chosen = select_next(state, now)
            plain = brute.choose(state, now)
            first = max(plain, key=lambda j: (j.need, -j.index)) if plain else None
            if chosen is not first:
                world.broken(f"chose {event.job}, the plain rules say {plain}")
        record(event, now)
        if state.slots.busy != brute.busy(state):
            world.broken(f"slots {state.slots.busy}, truly {brute.busy(state)}")
        if set(state.to_stop) != brute.must_stop(state):
            world.broken(f"to stop {set(state.to_stop)}, truly {brute.must_stop(state)}")
        if set(state.unreachable) != brute.unreachable(state):
            world.broken(f"unreachable {set(state.unreachable)}, not {brute.unreachable(state)}")
        if set(state.over) != brute.over(state):
            world.broken(f"over {set(state.over)}, truly {brute.over(state)}")
        count = Counter(job.phase for job in state.jobs)
        if {k: v for k, v in state.counts.items() if v} != count:
            world.broken(f"counts {state.counts}, truly {count}")
        if [j.index for j in state.jobs if j.phase in ACTIVE] != sorted(state.active):
            world.broken("active is not who is active")

    loop.record = watched  # type: ignore[method-assign]
    turn = loop.turn
    held_by_people = brute.Held(spec)

    def turned() -> bool:
        busy = turn()
        now = loop._clock.now()
        held = not busy and held_by_people.held(world.durable)
        idle = not (held or state.stop) and now >= state.next_start
        if not busy and idle and len(state.active) < state.policy.max_parallel:
            plain = brute.choose(state, now)
            if plain:
                world.broken(f"idle, though the plain rules start {plain[0].spec.id}")
        return busy

    loop.turn = turned  # type: ignore[method-assign]
