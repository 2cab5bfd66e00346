"""A run's place in an engine's queue: what the executor saw last, and when it looks again.

Must not ask the engine: the executor does, at a rate that the site allows, and leaves this for
all who watch. Written by rename after each look, and not at all where nothing of the run is queued.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec


class QueueStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt that has not ended, as the engine sees it."""

    id: str
    """The engine's name of it: SLURM's is `67_3`."""
    state: str
    """The engine's own word, such as PENDING, RUNNING, COMPLETING; empty while it has not been
    seen."""
    reason: str | None = None
    """Why it waits, in the engine's words: `Priority`, `Resources`, `QOSMaxJobsPerUserLimit`."""
    node: str | None = None
    starts_at: float | None = None
    """When the engine believes that it will start. Unix seconds, an estimate."""
    restarts: int = 0


class Queue(msgspec.Struct, frozen=True):
    """The contents of `queue.json`. Times are Unix seconds."""

    polled_at: float | None
    """Of the last answer: what is told of the attempts is as old as that."""
    next_at: float | None
    """Of the next look; None while nothing is queued."""
    floor: float
    """Seconds that the site allows between two looks, at least."""
    stale: bool
    """The last question had no answer; `error` says why."""
    error: str | None
    attempts: dict[str, QueueStatus]
    """By `<job>.<attempt>`."""


def key(job: str, attempt: int) -> str:
    return f"{job}.{attempt}"


def encode(queue: Queue) -> bytes:
    """The bytes of `queue.json`."""
    return msgspec.json.encode(queue) + b"\n"


def read(path: Path) -> Queue | None:
    """The last picture, or None: not there, or half of it. Never raises."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Queue)
    return None
