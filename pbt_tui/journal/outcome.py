"""The outcome of an attempt, from its exit code and from what the executor asked before.

Must not depend on a runtime: it gets numbers and flags.
"""

from __future__ import annotations

from pbt_tui.journal.events import Outcome, Why
from pbt_tui.journal.state import Attempt
from pbt_tui.spec import Cause

CLOCK_GRAIN = 0.01
"""Seconds. File systems date an end by the kernel's tick, which may be 10 ms early."""

_BY_WHY: dict[Why, tuple[Outcome, Cause | None]] = {
    "cancel": ("stopped", "cancelled"),
    "timeout": ("stopped", "timeout"),
    "interrupt": ("interrupted", None),
    "fail_fast": ("interrupted", None),
}


def outcome(
    attempt: Attempt,
    *,
    exit_code: int | None,
    ended_at: float,
    refused: bool = False,
    lost: bool = False,
    stopped: Why | None = None,
) -> tuple[Outcome, Cause | None]:
    """The outcome of an attempt, and the cause if the outcome alone decides it.

    If the attempt ended after the executor asked it to stop, the reason of the stop decides and the
    exit code does not: a trainer that writes a checkpoint on SIGTERM and exits with 0 has not
    succeeded. If it ended before, the exit code decides.

    Args:
        attempt: the attempt, which has not ended in the state yet.
        exit_code: exit code of its process; None if unknown.
        ended_at: when its process ended, in Unix seconds.
        refused: whether the runtime could not start it.
        lost: whether it went away without an exit code.
        stopped: the reason, if another program than the executor stopped it.
    """
    why = attempt.stop_why
    if why is not None and attempt.stop_at is not None:
        after = lost or refused or ended_at + CLOCK_GRAIN >= attempt.stop_at
        if after:
            return _BY_WHY[why]
    if stopped is not None:
        return _BY_WHY[stopped]
    if refused:
        return "refused", None
    if lost:
        return "lost", "lost"
    return ("succeeded", None) if exit_code == 0 else ("failed", None)
