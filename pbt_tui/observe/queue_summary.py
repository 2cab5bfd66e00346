"""How many attempts of a run are where in SLURM's queue: the picture of all, in a line's worth.

Must not read a file or ask SLURM: `queue` is what the executor saw.
"""

from __future__ import annotations

from collections import Counter

from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.snapshot_types import QueueRow

SUBMITTED = "SUBMITTED"
"""Ours: handed over, and not seen in the queue yet."""


def tally(queue: Queue) -> QueueRow:
    """The most frequent first, then by name."""
    places = queue.attempts.values()
    return QueueRow(
        polled_at=queue.polled_at,
        next_at=queue.next_at,
        floor=queue.floor,
        stale=queue.stale,
        error=queue.error,
        states=_counted(Counter([place.state or SUBMITTED for place in places])),
        reasons=_counted(Counter([place.reason for place in places if place.reason])),
        starts_at=min([p.starts_at for p in places if p.starts_at is not None], default=None),
    )


def _counted(found: Counter[str]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
