"""The types of `pbt-snapshot/1`.

Must not know how they are filled. Every key is always there, paths are absolute, times are Unix
seconds, memory is bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pbt_tui.spec import Cause, Style

Liveness = Literal["live", "held", "no_executor", "closed"]
JobWord = Literal[
    "waiting", "queued", "starting", "running", "stopping",
    "succeeded", "failed", "cancelled", "skipped",
]  # fmt: skip
MemberWord = Literal[
    "waiting", "queued", "starting", "running", "stopping",
    "succeeded", "failed", "cancelled", "skipped", "unknown",
]  # fmt: skip
"""`unknown`: a plain workspace says nothing about processes."""
Kind = Literal["exploit", "mutate", "relaunch"]
Source = Literal["log", "metadata"]
Level = Literal["error", "warning", "note"]
Code = Literal[
    "never_started", "cannot_exchange", "objective_unreadable", "relaunched", "frame_fallback",
    "best_folder_wrong", "stale_member", "before_start", "too_few_members", "within_threshold",
]  # fmt: skip


class Counts(msgspec.Struct, frozen=True):
    """`queued` counts as waiting, `starting` and `stopping` as running."""

    waiting: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0


class JobRow(msgspec.Struct, frozen=True):
    id: str
    name: str
    state: JobWord
    attempt: int | None
    """The newest one's number; None before the first."""
    gpus: tuple[str, ...]
    exit_code: int | None
    signal: int | None
    cause: Cause | None
    detail: str | None
    log: str | None
    population: str | None
    member: int | None
    node: str | None
    """Where a cluster put the newest attempt."""
    reason: str | None
    """Why a queue holds it, in the queue's words; None unless it is queued."""
    restarts: int
    """Of the newest attempt: how often it was queued again inside it."""
    slurm_id: str | None
    """`67_3`; None outside of SLURM, and before it has one."""
    starts_at: float | None
    """While it is queued: SLURM's estimate."""


class FailureRow(msgspec.Struct, frozen=True):
    signature: str
    count: int
    jobs: tuple[str, ...]


class GpuRow(msgspec.Struct, frozen=True):
    index: int | None
    uuid: str | None
    name: str | None
    memory: int | None
    memory_used: int | None
    utilisation: int | None
    """Per cent."""
    drained: bool
    jobs: tuple[str, ...]
    """Of this run, active there."""


class QueueRow(msgspec.Struct, frozen=True):
    """SLURM's queue as the executor saw it last; `jobs` say what is known of each."""

    polled_at: float | None
    """Of the last answer."""
    next_at: float | None
    """Of the next question; None while nothing is queued."""
    floor: float
    """Seconds between two questions, at least: the site's."""
    stale: bool
    """The last question had no answer; `error` says why."""
    error: str | None
    states: dict[str, int]
    """Attempts that have not ended, by SLURM's word, the most frequent first; `SUBMITTED` is
    ours: not seen in the queue yet."""
    reasons: dict[str, int]
    """Those that wait, by SLURM's reason."""
    starts_at: float | None
    """When the first of them starts, as SLURM believes."""


class GenerationRow(msgspec.Struct, frozen=True):
    generation: int
    frame: int | None
    objective: float | None
    params: dict[str, Any]
    at: float


class MemberRow(msgspec.Struct, frozen=True):
    index: int
    state: MemberWord
    generation: int | None
    """The newest one; with frame, objective and params as it left them."""
    frame: int | None
    objective: float | None
    params: dict[str, Any]
    lag: int | None
    """Generations behind the furthest member."""
    generations: tuple[GenerationRow, ...]
    """In the order in which they were written."""


class EventRow(msgspec.Struct, frozen=True):
    kind: Kind
    member: int
    donor: int | None
    generation: int | None
    """Of the member, when it decided."""
    source: Source
    confidence: float
    """1 for what the log says, less for what the metadata suggests."""


class Best(msgspec.Struct, frozen=True):
    member: int
    generation: int
    objective: float
    checkpoint: str | None
    """None once it was removed; never a path out of the metadata, which may be a container's."""


class Alarm(msgspec.Struct, frozen=True):
    code: Code
    level: Level
    message: str
    members: tuple[int, ...]


class PopulationRow(msgspec.Struct, frozen=True):
    id: str
    style: Style
    size: int
    workspace: str
    members: tuple[MemberRow, ...]
    events: tuple[EventRow, ...]
    best: Best | None
    alarms: tuple[Alarm, ...]


class Snapshot(msgspec.Struct, frozen=True):
    format: Literal["pbt-snapshot/1"]
    run: str
    """A plain workspace has its folder's name here."""
    state: Liveness
    counts: Counts
    jobs: tuple[JobRow, ...]
    failures: tuple[FailureRow, ...]
    gpus: tuple[GpuRow, ...]
    populations: tuple[PopulationRow, ...]
    queue: QueueRow | None
    """None where nothing was submitted to a cluster."""
