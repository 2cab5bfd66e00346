"""The state of a run's attempts in an engine's queue, `queue.json`.

The executor polls the engine at a rate that the site allows, and replaces the file after each poll.
Readers must not ask the engine themselves. Without submitted attempts there is no file.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.runtimes.kind import QueueText


class QueueStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt that has not ended, as the engine reports it."""

    id: str
    """The engine's id of it, such as `67_3` for SLURM."""
    state: str
    """The engine's state, such as PENDING, RUNNING or COMPLETING; empty before the first answer."""
    reason: str | None = None
    """Why it waits: `Priority`, `Resources`, `QOSMaxJobsPerUserLimit`."""
    node: str | None = None
    """Its node; None while it waits."""
    starts_at: float | None = None
    """When the engine expects to start it, in Unix seconds."""
    restarts: int = 0
    """How often the engine has requeued it."""


class Queue(msgspec.Struct, frozen=True):
    """The content of `queue.json`. Times are Unix seconds."""

    polled_at: float | None
    """When the engine last answered, which is the age of `attempts`; None: not yet."""
    next_at: float | None
    """When the executor polls next; None while nothing is queued."""
    floor: float
    """Least seconds between two polls, as the site allows."""
    stale: bool
    """Whether the last poll had no answer."""
    error: str | None
    """Why it had no answer; None if it had one."""
    attempts: dict[str, QueueStatus]
    """Attempts by `<job>.<attempt>`."""


_decoder = msgspec.json.Decoder(Queue)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def is_suspended(status: QueueStatus | None, texts: QueueText | None) -> bool:
    """Whether the engine has stopped a started attempt for now."""
    return status is not None and texts is not None and status.state in texts.suspended


def key(job: str, attempt: int) -> str:
    """The key of an attempt in `Queue.attempts`."""
    return f"{job}.{attempt}"


def encode(queue: Queue) -> bytes:
    """The bytes of `queue.json`."""
    return msgspec.json.encode(queue) + b"\n"


def read(path: Path) -> Queue | None:
    """The content of `queue.json`; None if the file is missing or incomplete. Never raises."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(read_regular(path, OURS))
    return None
