"""Which members are dead or silent: judged by their attempts, their starts and their own pace.

Pure. A member that starts, waits, or goes on after an exchange is neither.
"""

from __future__ import annotations

from statistics import median

from pbt_tui.observe.member_steps import LEAST_GAPS
from pbt_tui.observe.population_status import DEAD, HALTED, NOT_YET, PopulationStatus
from pbt_tui.observe.workspaces import Generation

_RESTART = 150.0
"""Seconds without a generation that are normal after a restart (measured: 6 to 114)."""
_SHORTEST = 20.0
"""Seconds without a generation that never raise an alarm."""
_IDLE = DEAD | NOT_YET | HALTED | {"succeeded", "starting"}
"""States of a member that writes nothing."""


def ended(status: PopulationStatus) -> list[int]:
    """Members whose job failed, or cannot be continued, while others of the population go on.

    A member that a person cancelled ended as it should, and so did all members of a finished run.
    """
    if status.over or not status.trainer.members_are_jobs:
        return []
    return sorted(
        m
        for m, state in status.states.items()
        if state == "failed" or (state == "skipped" and m in status.last)
    )


def silent(status: PopulationStatus) -> list[int]:
    """Members that run and have written no generation for three intervals, or ten after a start."""
    if status.over:
        return []
    found: list[int] = []
    for member, newest in status.last.items():
        state = status.states.get(member)
        if state in _IDLE:
            continue
        begun = _begun(status, member, newest)
        least = _RESTART
        if begun is None and status.states:  # otherwise no log says that it starts again
            least = _SHORTEST
        quiet = status.now - (newest.at if begun is None else begun)
        if quiet <= least or (usual := _usual(status, member)) is None:
            continue
        if quiet > (3 if begun is None else 10) * usual:
            found.append(member)
    return found


def _begun(status: PopulationStatus, member: int, newest: Generation) -> float | None:
    """When the member started after its newest generation; None: it has not, or not yet."""
    attempt = status.attempts.get(member)
    known = [status.starts.get(member), attempt.since if attempt is not None else None]
    later = [at for at in known if at is not None and at > newest.at]
    if not later and member in status.restarting:
        later = [newest.at]
    return max(later, default=None)


def _usual(status: PopulationStatus, member: int) -> float | None:
    """Median seconds between generations: of the member if it has enough, else of all members."""
    own = status.members[member].pace()
    if own is not None:
        return own
    every = [gap for known in status.members.values() for gap in known.gaps()]
    return median(every) if len(every) >= LEAST_GAPS else None
