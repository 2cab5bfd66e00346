"""What can happen to a run: one frozen type per journal line.

Must not know who writes or reads them. `seq` and `at` are stamped by the one writer; changing a
field here changes `pbt-journal/1` and needs a new format number.
Facts report the world; decisions (`DECISIONS`) are on disk before their effect. New fields are
optional, stand at the end, and are written only where they say something, so that journals of
earlier versions are read for ever and journals of runs that do not use them keep their bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from pbt_tui.spec import Cause, Container, Policy

FORMAT = "pbt-journal/1"

Outcome = Literal["succeeded", "failed", "stopped", "interrupted", "lost", "refused"]
Why = Literal["cancel", "interrupt", "timeout", "fail_fast"]
Verdict = Literal["succeeded", "failures", "budget", "cancelled"]
Action = Literal["cancel", "kill", "retry", "hold", "release", "drain", "undrain", "stop"]


class Gpu(msgspec.Struct, frozen=True):
    """One device as the executor saw it; `uuid` is None where nobody could tell."""

    index: int | None
    uuid: str | None = None
    name: str | None = None
    memory: int | None = None
    """Bytes."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="event",
    tag=lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_"),
):
    seq: int = 0
    at: float = 0.0
    """Unix seconds, never going back."""


class RunOpened(Event, frozen=True, kw_only=True):
    format: str
    run_id: str
    """8 hex digits, minted once: names containers, so that two directories never mix."""
    run: str
    cwd: str
    train_dir: str
    """Absolute, like `cwd`."""
    digest: str


class ExecutorStarted(Event, frozen=True, kw_only=True):
    """Read by `apply` for the effective policy and GPUs; ends a stop, keeps a hold."""

    pid: int
    host: str
    boot_id: str
    runtime: str
    """The name of a runtime; who needs to know more asks the registry of runtimes."""
    gpus: tuple[Gpu, ...]
    policy: Policy
    container: Container | None = None
    engine_id: str | None = None
    interpreter: str | None = None
    image_digest: str | None = None
    slurm: dict[str, Any] | None = None
    """What SLURM is asked, where it is the runtime; older journals lack it."""
    settings: dict[str, Any] | UnsetType = UNSET
    """What the engine of any other runtime is asked, where it has settings."""


class FileStamp(msgspec.Struct, frozen=True):
    """How a file was found: it is the same one as long as both are equal."""

    mtime_ns: int
    """Nanoseconds since the epoch."""
    size: int
    """Bytes."""


class Stamp(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of a generation as they were found; None for one that the trainer does not have."""

    metadata: FileStamp | None = None
    weights: FileStamp | None = None

    @property
    def written(self) -> int:
        """When the newer one was written, in nanoseconds since the epoch; 0 where nobody knows."""
        return max((f.mtime_ns for f in (self.metadata, self.weights) if f is not None), default=0)


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The generation that an attempt continues from."""

    member: int
    """The index whose folder holds it."""
    generation: int
    experiment_name: str | None = None
    """The trainer's name of the run that wrote it, where its metadata says so."""
    frame: int | None = None
    """Frames that were trained by then."""
    checkpoint: str | None = None
    """The path of the weights."""
    stamp: Stamp | None = None


class AttemptScheduled(Event, frozen=True, kw_only=True, omit_defaults=True):
    job: str
    attempt: int
    gpus: tuple[str, ...]
    """The strings handed to the runtime: UUID where known, else index."""
    args: tuple[str, ...] = ()
    """Arguments of this attempt alone: each replaces the same key of the job's command, and they
    stand at its end."""
    env: dict[str, str] = {}
    """Environment of this attempt alone; the job's own goes over it."""
    why: str | None = None
    """Why it has arguments of its own: `goes on from generation 12 of member 3`."""
    anew: bool = False
    """It begins from scratch: what the member left is moved aside before it is launched."""


class ContinuationKnown(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What the next attempt of a member goes on from.

    Neither `source` nor `refused`: it begins anew. Dropped unless it answers the newest question
    about the next attempt.
    """

    job: str
    attempt: int
    """The attempt that is to come."""
    after: int
    """The `seq` of the event that raised the question: an end, a retry, or `executor_started`."""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    source: Source | None = None
    refused: str | None = None
    """Why a person has to be asked."""


class AttemptWaiting(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    reason: str


class AttemptStarted(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    handle: str
    """Container id, `pid.starttime`, or SLURM id."""
    node: str | None = None
    restart: int | None = None
    """SLURM requeued it inside the attempt, the n-th time."""
    source: Source | UnsetType = UNSET
    """What this life of a requeued task went on from, as the task itself noted it."""


class AttemptEnded(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    outcome: Outcome
    exit_code: int | None
    ended_at: float
    signal: int | None = None
    cause: Cause | None = None
    detail: str | None = None
    line: int | None = None
    """Of the log, counted from 1: where it shows."""


class StopRequested(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    why: Why


class KillRequested(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    why: Why


class RequestAccepted(Event, frozen=True, kw_only=True):
    id: str
    action: Action
    jobs: tuple[str, ...] = ()
    """Empty means all (for retry: every end but succeeded)."""
    gpus: tuple[str, ...] = ()
    by: str = "person"
    """`person`, `signal`, or a user name."""
    anew: Literal[True] | UnsetType = UNSET
    """Of a retry: the jobs begin from scratch."""


class RequestRefused(Event, frozen=True, kw_only=True):
    id: str
    why: str


class JobSkipped(Event, frozen=True, kw_only=True):
    job: str
    why: str


class RunClosed(Event, frozen=True, kw_only=True):
    verdict: Verdict


AnyEvent = (
    RunOpened
    | ExecutorStarted
    | AttemptScheduled
    | ContinuationKnown
    | AttemptWaiting
    | AttemptStarted
    | AttemptEnded
    | StopRequested
    | KillRequested
    | RequestAccepted
    | RequestRefused
    | JobSkipped
    | RunClosed
)

Decision = AttemptScheduled | StopRequested | KillRequested | JobSkipped | RunClosed
DECISIONS = (AttemptScheduled, StopRequested, KillRequested, JobSkipped, RunClosed)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request file: what a person asks of the executor."""

    id: str
    action: Action
    jobs: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    by: str = "person"
    anew: Literal[True] | UnsetType = UNSET
    """Of a retry: the jobs begin from scratch."""
