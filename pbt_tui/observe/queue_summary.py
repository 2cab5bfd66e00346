"""Counts the attempts of a run by their state and reason in an engine's queue."""

from __future__ import annotations

from collections import Counter

from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.snapshot_types import QueueRow

SUBMITTED = "SUBMITTED"
"""State of attempts that no answer of the engine has listed yet; not a state of the engine."""


def tally(queue: Queue) -> QueueRow:
    """The counts: the most frequent first, equal ones by name."""
    attempts = queue.attempts.values()
    return QueueRow(
        polled_at=queue.polled_at,
        next_at=queue.next_at,
        floor=queue.floor,
        stale=queue.stale,
        error=queue.error,
        states=_counted(Counter([attempt.state or SUBMITTED for attempt in attempts])),
        reasons=_counted(Counter([attempt.reason for attempt in attempts if attempt.reason])),
        starts_at=min(
            [a.starts_at for a in attempts if a.starts_at is not None],
            default=None,
        ),
    )


def _counted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
