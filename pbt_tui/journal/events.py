"""What can happen to a run: one frozen type per journal line.

Must not know who writes or reads them. `seq` and `at` are stamped by the one writer; changing a
field here changes `pbt-journal/1` and needs a new format number.
Facts report the world; decisions (`DECISIONS`) are on disk before their effect.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.spec import Cause, Container, Policy

FORMAT = "pbt-journal/1"

Outcome = Literal["succeeded", "failed", "stopped", "interrupted", "lost", "refused"]
Why = Literal["cancel", "interrupt", "timeout", "fail_fast"]
Verdict = Literal["succeeded", "failures", "budget", "cancelled"]
Action = Literal["cancel", "kill", "retry", "hold", "release", "drain", "undrain", "stop"]
Runtime = Literal["process", "docker", "slurm"]


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
    runtime: Runtime
    gpus: tuple[Gpu, ...]
    policy: Policy
    container: Container | None = None
    engine_id: str | None = None
    interpreter: str | None = None
    image_digest: str | None = None
    slurm: Slurm | None = None
    """What SLURM is asked, where it is the runtime; older journals lack it."""


class AttemptScheduled(Event, frozen=True, kw_only=True):
    job: str
    attempt: int
    gpus: tuple[str, ...]
    """The strings handed to the runtime: UUID where known, else index."""


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
