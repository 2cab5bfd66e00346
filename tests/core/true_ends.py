"""Compares how the journal says that an attempt ended with what happened in the simulated world."""

from __future__ import annotations

from pbt_tui.journal.state import RunState
from tests.core.world import Proc, World


def check(world: World, state: RunState, proc: Proc) -> None:
    """Checks that the journal agrees with the world about each attempt."""
    attempt = state.by_id[proc.name[0]].attempts[proc.name[1] - 1]
    if proc.ended is None:
        return
    if attempt.restarts > proc.restart:
        world.broken(f"{proc.name} restarted {proc.restart} times, not {attempt.restarts}")
    if attempt.stop_at is None:
        if not proc.coded:
            true = "lost"
        elif proc.refused:
            true = "refused"
        else:
            true = "succeeded" if proc.code == 0 else "failed"
        if attempt.outcome != true:
            world.broken(f"{proc.name} truly {true}, recorded {attempt.outcome}")
    elif attempt.outcome == "succeeded" and proc.order == "after":
        world.broken(f"{proc.name} ended after its stop and was called a success")
    elif (
        attempt.outcome in ("stopped", "interrupted")
        and proc.coded
        and not proc.refused
        and proc.order == "before"
    ):
        world.broken(f"{proc.name} ended before its stop and was called stopped")
