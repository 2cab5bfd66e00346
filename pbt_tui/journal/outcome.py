"""How an attempt ended, in our words: one pure function from what the world says.

Must not know runtimes: it gets numbers and flags.
"""

from __future__ import annotations

from pbt_tui.journal.events import Outcome, Why
from pbt_tui.journal.state import Attempt
from pbt_tui.spec import Cause

CLOCK_GRAIN = 0.01
"""Seconds. File systems date an end by the kernel's tick, up to 10 ms early."""

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
    """The outcome, and the cause where the outcome alone decides it.

    An exit dated after the stop was asked is judged by the stop's reason whatever the code: a
    trainer that checkpoints on TERM and exits 0 has not succeeded. Dated before, by the code.
    What somebody else `stopped` is judged by their reason in the same way.
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
