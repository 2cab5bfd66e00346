"""The events of a run: one frozen type per kind of journal line.

A decision (`DECISIONS`) says what the executor is about to do, and is on disk before the executor
does it. Every other event is a fact: it reports what happened.

To change a field here changes the format `pbt-journal/1` and needs a new format number. To add one
does not: a new field is optional, stands at the end, and is written only if it differs from its
default. So every later version reads journals of earlier ones, and the journals of runs that do not
use the field keep their bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from pbt_tui.spec import Cause, Container, Policy

FORMAT = "pbt-journal/1"

Outcome = Literal["succeeded", "failed", "stopped", "interrupted", "lost", "refused"]
Why = Literal["cancel", "interrupt", "timeout", "fail_fast", "group_end", "group_again"]
Verdict = Literal["succeeded", "failures", "budget", "cancelled"]
Action = Literal["cancel", "kill", "retry", "hold", "release", "drain", "undrain", "stop"]


class Gpu(msgspec.Struct, frozen=True):
    """One GPU, as the executor found it when it started."""

    index: int | None
    """Number of the device in PCI bus order, from 0; `null` where only the UUID is known."""
    uuid: str | None = None
    """UUID of the device; `null`: unknown."""
    name: str | None = None
    """Product name that the driver reports; `null`: unknown."""
    memory: int | None = None
    """Memory of the device in bytes; `null`: unknown."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="event",
    tag=lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_"),
):
    seq: int = 0
    """Number of the line in the journal, from 1."""
    at: float = 0.0
    """When the executor recorded the event, in Unix seconds; it never goes back."""


class RunOpened(Event, frozen=True, kw_only=True):
    """The first line: which run the directory holds."""

    format: str
    """Name and version of the format: `pbt-journal/1`."""
    run_id: str
    """8 random hex digits, chosen once; they are part of the names of containers, so that those of
    two run directories never mix."""
    run: str
    """Name of the run."""
    cwd: str
    """Folder in which `pbt-run` was started; jobs start there. Absolute."""
    train_dir: str
    """Root folder of everything that jobs write. Absolute."""
    digest: str
    """Hash of the spec; a run directory can only be resumed with the same spec."""
    inode: int | UnsetType = UNSET
    """Inode of this file: a copy of the run directory has another one. Older journals lack it."""


class ExecutorStarted(Event, frozen=True, kw_only=True):
    """An executor took over the run: its policy and its GPUs apply from here.

    Ends a stop, keeps a hold.
    """

    pid: int
    """Process id of the executor."""
    host: str
    """Host name of the machine on which the executor runs."""
    boot_id: str
    """Boot id of that machine's kernel: process ids are valid within one boot only."""
    runtime: str
    """Name of the runtime that starts the jobs."""
    gpus: tuple[Gpu, ...]
    """GPUs on which the executor may place jobs."""
    policy: Policy
    """Effective policy: the options of this start override that of the spec."""
    container: Container | None = None
    """Effective container; `null`: jobs are plain processes."""
    engine_id: str | None = None
    """Id of the container engine, or name of the SLURM cluster; `null` for plain processes."""
    interpreter: str | None = None
    """Path of the Python interpreter that replaces `python` in commands; `null`: none does."""
    image_digest: str | None = None
    """Digest of the container image that the executor found; `null` without a container."""
    slurm: dict[str, Any] | None = None
    """Effective settings of SLURM if it is the runtime; older journals lack them."""
    settings: dict[str, Any] | UnsetType = UNSET
    """Effective settings of the engine of any other runtime; not there: it has none."""
    ports: tuple[int, int] | UnsetType = UNSET
    """First and last port that the executor may give to attempts; not there: it gives none."""
    inode: int | UnsetType = UNSET
    """Inode of this file where it is another one: the journal was restored from a copy."""
    masked: bool | UnsetType = UNSET
    """Whether `gpus` are those that the variable `CUDA_VISIBLE_DEVICES` showed the executor; not
    there: they are not, or the journal is older."""
    continues: tuple[str, ...] | UnsetType = UNSET
    """Ids of the populations whose members go on from what they have written: the executor finds
    out from what before it starts a later attempt. Not there: none, or the journal is older."""
    files_at: float | UnsetType = UNSET
    """With `inode`: what `run_rehomed` has."""


class FileStamp(msgspec.Struct, frozen=True):
    """Time and size of a file: while both are equal, the file has not changed."""

    mtime_ns: int
    """When the file was last changed, in nanoseconds since the epoch."""
    size: int
    """Size of the file in bytes."""


class Stamp(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times and sizes of the files of a generation."""

    metadata: FileStamp | None = None
    """The `.yaml` file of the generation; `null`: the trainer writes none."""
    weights: FileStamp | None = None
    """The checkpoint of the generation; `null`: the trainer writes none."""

    @property
    def written(self) -> int:
        """When the newer file was written, in nanoseconds since the epoch; 0 if unknown."""
        return max((f.mtime_ns for f in (self.metadata, self.weights) if f is not None), default=0)


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The generation that an attempt continues from."""

    member: int
    """Index of the member whose folder holds the generation."""
    generation: int
    """Number of the generation."""
    experiment_name: str | None = None
    """The trainer's name of the run that wrote it; `null`: its metadata lacks it."""
    frame: int | None = None
    """Frames trained by then; `null`: unknown."""
    checkpoint: str | None = None
    """Path of the weights; `null`: unknown."""
    stamp: Stamp | None = None
    """Times and sizes of its files; `null`: unknown."""


class AttemptScheduled(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The executor will start an attempt on these GPUs."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job, from 1."""
    gpus: tuple[str, ...]
    """Devices as the runtime gets them: UUIDs where known, else indices; empty: not pinned."""
    args: tuple[str, ...] = ()
    """Arguments of this attempt alone, appended to the job's command; each replaces the argument
    with the same key."""
    env: dict[str, str] = {}
    """Environment variables of this attempt alone; those of the job override them."""
    why: str | None = None
    """Why it has arguments of its own: `goes on from generation 12 of member 3`."""
    anew: bool = False
    """It begins from scratch: what the member left is moved aside before it is launched."""
    port: int | None = None
    """Port that the attempt has for itself on its machine: for `{port}` in its command, and in
    `MASTER_PORT` where its job does not set that; not there: it has none, or its node finds one."""


class ContinuationKnown(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The executor found out what the next attempt of a member goes on from.

    With neither `source` nor `refused`, the attempt begins from scratch. The fold ignores the event
    unless `after` names the newest question about that attempt.
    """

    job: str
    """Id of the job."""
    attempt: int
    """Number of the next attempt."""
    after: int
    """The `seq` of the event that raised the question: an end, a retry, or `executor_started`."""
    args: tuple[str, ...] = ()
    """Arguments for the next attempt."""
    env: dict[str, str] = {}
    """Environment variables for the next attempt."""
    source: Source | None = None
    """The generation that the attempt will continue from."""
    refused: str | None = None
    """Why the executor cannot choose a generation, so that a person has to decide."""
    why: str | None = None
    """What the attempt begins from, for people: `goes on from generation 12 of member 3`."""
    seen: int = 0
    """When the newest generation was written that the executor saw, in nanoseconds since the epoch;
    0: it saw none. It may have chosen an older one."""


class AttemptWaiting(Event, frozen=True, kw_only=True):
    """The engine accepted the attempt and holds it in its own queue."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    reason: str
    """Why the queue holds it, as the queue reports it, such as `Resources`."""


class AttemptStarted(Event, frozen=True, kw_only=True):
    """The process of an attempt runs."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    handle: str
    """Name by which the runtime finds it again: container id, `pid.starttime`, or SLURM id."""
    node: str | None = None
    """Host that a cluster chose for it; `null`: this machine, or unknown."""
    restart: int | None = None
    """How often SLURM has requeued it inside the attempt; `null`: its first start."""
    source: Source | UnsetType = UNSET
    """The generation that a requeued task went on from, as the task itself recorded it."""


class AttemptEnded(Event, frozen=True, kw_only=True):
    """The process of an attempt ended, or it never started."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    outcome: Outcome
    """How it ended: `stopped` by a cancel or a timeout, `interrupted` by a stop of the run or by
    `fail_fast`, `refused`: it could not be started, `lost`: it went away without an exit code."""
    exit_code: int | None
    """Exit code of the process; `null`: a signal ended it, or the code is unknown."""
    ended_at: float
    """When it ended, in Unix seconds; earlier than `at` where the executor learned of it later."""
    signal: int | None = None
    """Number of the signal that ended the process; `null`: none."""
    cause: Cause | None = None
    """What made it end, as exit code, log and kernel tell; `null`: it succeeded or is unknown."""
    detail: str | None = None
    """One line for people about the cause, often a line of the log."""
    line: int | None = None
    """Line of the log that shows the cause, from 1; `null`: no line does."""
    again: bool | UnsetType = UNSET
    """Whether it is tried again, by `on_exit` of its job; not there: the policy says it."""


class StopRequested(Event, frozen=True, kw_only=True):
    """The executor will ask the attempt to exit (SIGTERM)."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    why: Why
    """Why: a cancel, a stop of the run, the time limit, `fail_fast`, or what its group does."""


class KillRequested(Event, frozen=True, kw_only=True):
    """The executor will kill the attempt (SIGKILL)."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    why: Why
    """Why: as in the `stop_requested` before it."""


class RequestAccepted(Event, frozen=True, kw_only=True):
    """The executor accepted a request and does what it asks."""

    id: str
    """Name of the request: the name of its file without the suffix."""
    action: Action
    """What the executor does."""
    jobs: tuple[str, ...] = ()
    """Ids of the jobs that it is about; empty means all (for retry: every end but succeeded)."""
    gpus: tuple[str, ...] = ()
    """GPUs that a drain or an undrain is about, by UUID or index; empty for other actions."""
    by: str = "person"
    """Who asked: `person`, `signal`, or a user name."""
    anew: Literal[True] | UnsetType = UNSET
    """For a retry: the jobs begin from scratch."""


class RequestRefused(Event, frozen=True, kw_only=True):
    """The executor refused a request."""

    id: str
    """Name of the request: the name of its file without the suffix."""
    why: str
    """Why the executor refused it, for people."""


class JobSkipped(Event, frozen=True, kw_only=True):
    """The executor will never start this waiting job, unless a person asks for a retry."""

    job: str
    """Id of the job."""
    why: str
    """Why: failures of others, the end of its group, or why the member cannot be continued."""


class RunClosed(Event, frozen=True, kw_only=True):
    """Every job has ended. Only a retry reopens the run."""

    verdict: Verdict
    """Result of the whole run; `budget`: jobs were skipped because too many others failed;
    `failures`: a job failed, or a member could not be continued."""


class GpuDrained(Event, frozen=True, kw_only=True):
    """The executor starts nothing on this GPU any more, until a person asks to use it again.

    A drain that a person asked for is a `request_accepted`.
    """

    device: str
    """The GPU, by UUID where it is known, else by index."""
    why: str
    """Why, for people: which jobs ended there, and how."""


class RunRehomed(Event, frozen=True, kw_only=True):
    """The run directory was copied or moved, and the run goes on at its new place.

    What was known to continue from no longer holds. In a copy, the attempts that were active
    belong to the original run: each has ended `interrupted` before this event.
    """

    run_id: str
    """The run's new id, 8 hex digits: names of containers never mix with those of the original."""
    cwd: str
    """Folder in which jobs start from here on. Absolute."""
    train_dir: str
    """Root folder of everything that jobs write from here on. Absolute."""
    old_cwd: str
    """The folder in which jobs started before. Absolute."""
    old_train_dir: str
    """The root folder before. Absolute."""
    inode: int
    """Inode of this file."""
    files_at: float | UnsetType = UNSET
    """When it was by the clock of the file system, if known: older files were moved or copied."""


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
    | RunRehomed
    | GpuDrained
)

Decision = AttemptScheduled | StopRequested | KillRequested | JobSkipped | RunClosed | GpuDrained
DECISIONS = (AttemptScheduled, StopRequested, KillRequested, JobSkipped, RunClosed, GpuDrained)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request file: what a person asks the executor to do."""

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
    """For a retry: the jobs begin from scratch."""
