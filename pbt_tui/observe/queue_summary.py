"""How many attempts of a run are where in an engine's queue: the picture of all, in a line's worth.

Must not read a file or ask the engine: `queue` is what the executor saw.
"""

from __future__ import annotations

from collections import Counter

from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.snapshot_types import QueueRow

SUBMITTED = "SUBMITTED"
"""Ours: handed over, and not seen in the queue yet."""


def tally(queue: Queue) -> QueueRow:
    """The most frequent first, then by name."""
    attempts = queue.attempts.values()
    return QueueRow(
        polled_at=queue.polled_at,
        next_at=queue.next_at,
        floor=queue.floor,
        stale=queue.stale,
        error=queue.error,
        states=_counted(Counter([each.state or SUBMITTED for each in attempts])),
        reasons=_counted(Counter([each.reason for each in attempts if each.reason])),
        starts_at=min(
            [each.starts_at for each in attempts if each.starts_at is not None], default=None
        ),
    )


def _counted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
