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
    """Number of the device in PCI bus order, from 0; `null` where only the UUID is known."""
    uuid: str | None = None
    """UUID of the device; `null` where nobody could tell."""
    name: str | None = None
    """Product name that the driver reports; `null` where nobody could tell."""
    memory: int | None = None
    """Memory of the device in bytes; `null` where nobody could tell."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="event",
    tag=lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_"),
):
    seq: int = 0
    """Number of the line in the journal, from 1; the writer stamps it."""
    at: float = 0.0
    """When the writer wrote the line, in Unix seconds; it never goes back."""


class RunOpened(Event, frozen=True, kw_only=True):
    """The first line: which run the directory holds."""

    format: str
    """Name and version of the format: `pbt-journal/1`."""
    run_id: str
    """8 hex digits that the executor draws once; they name containers, so that two run directories
    never mix."""
    run: str
    """Name of the run."""
    cwd: str
    """Folder in which `pbt-run` was started; jobs start there. Absolute."""
    train_dir: str
    """Root folder of everything that jobs write. Absolute."""
    digest: str
    """Hash of the spec; a run directory is resumed with the same spec only."""


class ExecutorStarted(Event, frozen=True, kw_only=True):
    """An executor took over the run: its policy and its GPUs hold from here.

    Ends a stop, keeps a hold.
    """

    pid: int
    """Process id of the executor."""
    host: str
    """Host name of the machine on which the executor runs."""
    boot_id: str
    """Boot id of that machine's kernel: process ids are valid within one boot only."""
    runtime: str
    """Name of the runtime that starts the jobs; the registry of runtimes knows more about it."""
    gpus: tuple[Gpu, ...]
    """GPUs that the executor may give to jobs."""
    policy: Policy
    """Effective policy: that of the spec with the options of this start over it."""
    container: Container | None = None
    """Effective container; `null`: jobs are plain processes."""
    engine_id: str | None = None
    """Id of the container engine, or name of the SLURM cluster; `null` for plain processes."""
    interpreter: str | None = None
    """Path of the Python interpreter that stands for `python` in commands; `null`: none was
    found, or the jobs have their own."""
    image_digest: str | None = None
    """Digest of the container image that the executor found; `null` without a container."""
    slurm: dict[str, Any] | None = None
    """Effective settings of SLURM where it is the runtime; older journals lack them."""
    settings: dict[str, Any] | UnsetType = UNSET
    """Effective settings of the engine of any other runtime; not there: it has none."""
    ports: tuple[int, int] | UnsetType = UNSET
    """First and last port that the executor may give to attempts; not there: no job asks it for
    one."""


class FileStamp(msgspec.Struct, frozen=True):
    """How a file was found: it is the same one as long as both are equal."""

    mtime_ns: int
    """When the file was last changed, in nanoseconds since the epoch."""
    size: int
    """Size of the file in bytes."""


class Stamp(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of a generation as they were found."""

    metadata: FileStamp | None = None
    """The `.yaml` file of the generation; `null`: the trainer writes none."""
    weights: FileStamp | None = None
    """The checkpoint of the generation; `null`: the trainer writes none."""

    @property
    def written(self) -> int:
        """When the newer one was written, in nanoseconds since the epoch; 0 where nobody knows."""
        return max((f.mtime_ns for f in (self.metadata, self.weights) if f is not None), default=0)


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The generation that an attempt continues from."""

    member: int
    """Index of the member whose folder holds the generation."""
    generation: int
    """Number of the generation."""
    experiment_name: str | None = None
    """The trainer's name of the run that wrote it; `null`: its metadata does not say so."""
    frame: int | None = None
    """Frames trained by then; `null` where nobody knows."""
    checkpoint: str | None = None
    """Path of the weights; `null` where nobody knows."""
    stamp: Stamp | None = None
    """Times and sizes of its files; `null` where nobody looked."""


class AttemptScheduled(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The executor will start an attempt on these GPUs."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job, from 1."""
    gpus: tuple[str, ...]
    """Devices of the attempt as the runtime gets them: UUIDs where known, else indices; empty
    where jobs are not pinned."""
    args: tuple[str, ...] = ()
    """Arguments of this attempt alone: each replaces the same key of the job's command, and they
    stand at its end."""
    env: dict[str, str] = {}
    """Variables of this attempt alone; those of the job override them."""
    why: str | None = None
    """Why it has arguments of its own: `goes on from generation 12 of member 3`."""
    anew: bool = False
    """It begins from scratch: what the member left is moved aside before it is launched."""
    port: int | None = None
    """Port that the attempt has for itself on its machine; not there: its job asks for none, or
    its node finds one."""


class ContinuationKnown(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What the next attempt of a member goes on from.

    Neither `source` nor `refused`: it begins anew. Dropped unless it answers the newest question
    about the next attempt.
    """

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt that is to come."""
    after: int
    """The `seq` of the event that raised the question: an end, a retry, or `executor_started`."""
    args: tuple[str, ...] = ()
    """Arguments for the attempt that is to come."""
    env: dict[str, str] = {}
    """Variables for the attempt that is to come."""
    source: Source | None = None
    """The generation that the attempt will continue from."""
    refused: str | None = None
    """Why the executor cannot choose a generation: a person has to be asked."""


class AttemptWaiting(Event, frozen=True, kw_only=True):
    """The engine accepted the attempt and holds it in its own queue."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    reason: str
    """Why the queue holds it, in the queue's words, such as `Resources`."""


class AttemptStarted(Event, frozen=True, kw_only=True):
    """The process of an attempt runs."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    handle: str
    """Name by which the runtime finds it again: container id, `pid.starttime`, or SLURM id."""
    node: str | None = None
    """Host that a cluster chose for it; `null`: this machine, or nobody knows."""
    restart: int | None = None
    """SLURM requeued it inside the attempt, the n-th time; `null`: its first start."""
    source: Source | UnsetType = UNSET
    """What this life of a requeued task went on from, as the task itself noted it."""


class AttemptEnded(Event, frozen=True, kw_only=True):
    """The process of an attempt is gone, or it never came to be."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    outcome: Outcome
    """How it ended: `stopped` by a cancel or a timeout, `interrupted` by a stop of the run or by
    `fail_fast`, `refused`: the runtime could not start it, `lost`: it went away without an exit
    code."""
    exit_code: int | None
    """Exit code of the process; `null`: a signal ended it, or nobody knows."""
    ended_at: float
    """When it ended, in Unix seconds; earlier than `at` where the executor learned of it later."""
    signal: int | None = None
    """Number of the signal that ended the process; `null`: none."""
    cause: Cause | None = None
    """What made it end, as the executor concluded from exit code, log and kernel; `null`: it
    succeeded, or nobody asked."""
    detail: str | None = None
    """One line for people about the cause, often a line of the log."""
    line: int | None = None
    """Line of the log that shows the cause, from 1; `null`: none does."""


class StopRequested(Event, frozen=True, kw_only=True):
    """The executor will ask the attempt to exit (SIGTERM)."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    why: Why
    """Who or what wants it to stop."""


class KillRequested(Event, frozen=True, kw_only=True):
    """The executor will kill the attempt (SIGKILL)."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    why: Why
    """Who or what wants it to end."""


class RequestAccepted(Event, frozen=True, kw_only=True):
    """The executor read a request and does what it asks."""

    id: str
    """Name of the request: the name of its file without the suffix."""
    action: Action
    """What was asked."""
    jobs: tuple[str, ...] = ()
    """Ids of the jobs that it is about; empty means all (for retry: every end but succeeded)."""
    gpus: tuple[str, ...] = ()
    """GPUs that a drain or an undrain is about, by UUID or index; empty for other actions."""
    by: str = "person"
    """Who asked: `person`, `signal`, or a user name."""
    anew: Literal[True] | UnsetType = UNSET
    """Of a retry: the jobs begin from scratch."""


class RequestRefused(Event, frozen=True, kw_only=True):
    """The executor read a request and does not do what it asks."""

    id: str
    """Name of the request: the name of its file without the suffix."""
    why: str
    """Why not, for people."""


class JobSkipped(Event, frozen=True, kw_only=True):
    """The executor will not run a waiting job any more."""

    job: str
    """Id of the job."""
    why: str
    """Why not: `fail_fast`, or how many jobs have failed."""


class RunClosed(Event, frozen=True, kw_only=True):
    """Every job has ended; nothing follows but a retry."""

    verdict: Verdict
    """How the run went as a whole; `budget`: too many jobs failed, so that others were skipped."""


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
    """Name of the request, unique in the run; the executor answers each name once."""
    action: Action
    """What the executor is asked to do."""
    jobs: tuple[str, ...] = ()
    """Ids of the jobs that it is about; empty means all (for retry: every end but succeeded)."""
    gpus: tuple[str, ...] = ()
    """GPUs to drain or undrain, by UUID or index; empty for other actions."""
    by: str = "person"
    """Who asks: `person`, `signal`, or a user name."""
    anew: Literal[True] | UnsetType = UNSET
    """Of a retry: the jobs begin from scratch."""
