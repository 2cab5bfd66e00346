"""Whether a file or a folder may still change, by its time; and which entries are folders.

The clock of a file server may differ from ours: a file may count as settled too late or too early,
and then an alarm comes or goes with a later poll.
"""

from __future__ import annotations

import os
import time

PATIENCE = 5
"""Polls after which an unreadable file is reported, unless it is older than `SETTLED`."""
SETTLED = 60.0
"""Seconds after which no trainer is still writing a file: one poll is enough then."""
TICK = 3.0
"""Seconds in which a second change of a folder may leave its time as it is: some file systems store
full seconds."""


def is_settled(mtime: float, after: float = SETTLED) -> bool:
    """Whether something changed so long ago that it is not changing now."""
    return time.time() - mtime > after


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False
