"""The types of the spec, which says what to run. Its JSON Schema is generated from these types.

A spec depends on no other file, machine or time: it means the same everywhere. Units are bytes and
seconds. The keys in the file have the order of the fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

FORMAT: Final = "pbt-processes/1"

MOST: Final = 2**53
"""The largest integer in a spec file: JSON readers that use doubles would round a larger one."""
Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Integer = Annotated[int, Meta(ge=-MOST, le=MOST)]
# `lt` and not `le`: msgspec rounds an integer just above the limit down to it before it compares.
Seconds = Annotated[float, Meta(ge=0, lt=MOST)]
Text = Annotated[str, Meta(min_length=1)]
JobId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$(?!\n)")]
EnvName = Annotated[str, Meta(pattern=r"^[^=\x00]+$")]

Cause = Literal[
    "exit",
    "signal",
    "traceback",
    "oom",
    "cuda_oom",
    "gpu_lost",
    "shm",
    "command_not_found",
    "not_executable",
    "image_missing",
    "timeout",
    "cancelled",
    "lost",
]
Style = Text
"""The name of a population style; `pbt_tui.populations` defines them."""
Placeholder = Literal["port"]
"""A placeholder whose value is known only when an attempt starts."""
Param = Any
"""Any JSON value. `params` keep their types, but non-finite floats become text."""


class Frozen(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the types of a spec: immutable, and decoding rejects unknown keys."""


class Policy(Frozen, frozen=True):
    """How the executor schedules jobs. Each field is an option of the same name."""

    num_gpus: Count = 1
    """Number of GPUs to use, where `experiments_per_gpu` is at least 1: then the executor pins jobs
    to GPUs."""
    gpus: tuple[Text, ...] | None = None
    """Indices or UUIDs of the GPUs to choose from; `null`: those in `CUDA_VISIBLE_DEVICES` of the
    executor, else those that the driver reports."""
    gpus_per_job: Count = 1
    """GPUs that each job occupies; `resources.gpus` of a job overrides it."""
    experiments_per_gpu: Annotated[int, Meta(ge=-1, le=MOST)] = -1
    """Slots on each GPU: the number of jobs that may share it. With -1 there are no slots, and the
    executor does not set `CUDA_VISIBLE_DEVICES`."""
    max_parallel: Positive = 4
    """Attempts that may be active at the same time."""
    pause_between: Seconds = 1.0
    """Seconds that the executor waits between two starts."""
    patience: Seconds = 600.0
    """Seconds a ready job may be skipped for lack of GPUs before later jobs may no longer
    overtake it."""
    retries: Count = 0
    """Attempts that a failed job gets after its first one."""
    retry_on: tuple[Cause, ...] = ("lost", "oom", "gpu_lost")
    """Causes of failure after which the executor retries a job."""
    retry_delay: Seconds = 10.0
    """Seconds before the first retry of a job; each further retry doubles the delay."""
    timeout: Seconds | None = None
    """Seconds that one attempt may run, counted from its first start; time in a queue does not
    count. `null`: no limit."""
    grace: Seconds = 30.0
    """Seconds that a stopped job has to exit before the executor kills it."""
    max_failures: Positive | None = None
    """Failed jobs after which the executor skips the waiting ones; `null`: no limit."""
    fail_fast: bool = False
    """The first failed job makes the executor stop the active jobs and skip the waiting ones."""
    keep_descendants: bool | UnsetType = UNSET
    """Processes that left the session of a plain job may outlive it, and a stop does not reach
    them; otherwise the executor ends them with the job."""

    def __post_init__(self) -> None:
        # A spec without the key keeps its bytes, also if it is written again by this version.
        if self.keep_descendants is False:
            structs.force_setattr(self, "keep_descendants", UNSET)


SHM = 1 << 30
"""Bytes of shared memory that a new container gets where nothing else is said: the 64 MB of an
engine are too few for the data loaders of PyTorch."""


class Mount(Frozen, frozen=True):
    """A path of the host that a container sees."""

    source: Text
    """Path on the host, or the name of a volume."""
    target: Text
    """Absolute path inside the container."""
    read_only: bool = False
    """The container may only read it."""


class Ulimit(Frozen, frozen=True):
    """A resource limit of the kernel for the processes of a container."""

    name: Text
    """Name of the limit as Docker spells it, such as `memlock` or `nofile`."""
    soft: Integer
    """Limit in force at the start, in the unit of the limit; -1 is unlimited."""
    hard: Integer
    """Upper bound to which a process may raise the soft limit; -1 is unlimited."""


class Container(Frozen, frozen=True):
    """The container that jobs run in; without a container they are plain processes."""

    image: Text
    """Name of the image, with a tag or a digest."""
    pull: Literal["missing", "never"] = "missing"
    """Whether the executor pulls an image that the engine does not have (`missing`), or `never`."""
    entrypoint: tuple[str, ...] | None = None
    """Command that replaces the entry point of the image; `null`: the image's own."""
    user: Text = "caller"
    """User of the processes: `caller` (who starts the executor), `image`, or `uid:gid`."""
    mounts: tuple[Mount, ...] = ()
    """Paths of the host that the container sees."""
    env_from: tuple[EnvName, ...] = ()
    """Names of variables that the executor copies from its own environment; their values, which
    may be secrets, never enter a spec."""
    shm_size: Positive | None = None
    """Bytes of shared memory (`/dev/shm`), 1 GiB in a new spec; `null`: the engine decides."""
    memory: Positive | None = None
    """Memory limit of a container in bytes; `null`: none."""
    cpus: Annotated[float, Meta(gt=0, lt=MOST)] | None = None
    """CPU limit of a container, in CPUs; `null`: none."""
    network: Text | None = None
    """Network that containers join; `null`: the engine's default network."""
    capabilities: tuple[Text, ...] = ("gpu", "compute", "utility")
    """Capabilities that the executor requests from the GPU driver."""
    ulimits: tuple[Ulimit, ...] = ()
    """Resource limits (ulimits) of the processes in a container."""


class Resources(Frozen, frozen=True, omit_defaults=True):
    """Resources of one job, where they differ from the policy."""

    gpus: Count | None = None
    """GPUs of the job; `null`: `gpus_per_job` of the policy."""
    cpus: Positive | None = None
    """CPUs of the job; `null`: what the container or the backend sets."""
    memory: Positive | None = None
    """Memory of the job in bytes; `null`: what the container or the backend sets."""


class ExitRule(Frozen, frozen=True):
    """What becomes of a job whose command ends with one of some exit codes."""

    then: Literal["succeed", "fail", "retry"]
    """Whether the attempt has succeeded, has failed for good, or is tried again, while `retries`
    are left."""
    first: Annotated[int, Meta(ge=0, le=255)]
    """The first of the exit codes."""
    last: Annotated[int, Meta(ge=0, le=255)]
    """The last of them. A command that a signal killed has exit code 255 here."""


class JobFile(Frozen, frozen=True, omit_defaults=True):
    """A file that the container of a job finds."""

    path: Text
    """Absolute path in the container."""
    contents: str
    """Its content, as text."""
    base64: bool = False
    """Whether `contents` is encoded with base64."""


class OwnContainer(Frozen, frozen=True, omit_defaults=True):
    """What the container of one job has of its own."""

    image: Text | None = None
    """Its image; not there: that of all jobs."""
    mounts: tuple[Mount, ...] = ()
    """Paths of the host that it sees, beside those of all jobs."""
    files: tuple[JobFile, ...] = ()
    """Files that it finds; the executor writes them into the run directory."""
    isolated: bool = False
    """Whether it starts in the working directory of its image, and sees neither that of the
    executor nor `train_dir`."""


class JobGroup(Frozen, frozen=True, omit_defaults=True):
    """Jobs that start together or not at all, and end with one of them, the lead."""

    id: JobId
    """Name of the group, unique in the spec; jobs refer to it."""
    lead: JobId
    """Id of the job whose end is the end of the group: the executor ends the others."""
    fails_together: bool = False
    """Whether a failure of another job is one of the group, too; otherwise it changes nothing."""


class Population(Frozen, frozen=True):
    """Jobs that do PBT together; in some styles, one job that trains all `size` policies."""

    id: Text
    """Name of the population, unique in the spec; jobs refer to it."""
    style: Style
    """Name of the population style, which says how members exchange weights."""
    size: Positive
    """Number of members."""
    workspace: str
    """The folder that the members share, relative to `train_dir`, or absolute."""
    members: tuple[JobId, ...]
    """Ids of the jobs that belong to the population, in the order of their index."""


class Job(Frozen, frozen=True, omit_defaults=True, gc=False):
    """One process: an experiment and one combination of parameters."""

    id: JobId
    """Name of the job, unique in the spec; requests, logs and the journal use it."""
    experiment: Text
    """Name of the experiment that the job belongs to."""
    name: str
    """Name that the job's command passes to the trainer."""
    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Command as a list of arguments; no shell reads it."""
    env: dict[EnvName, str]
    """Variables that the executor adds to the environment of the command."""
    dir: str
    """Folder of the experiment, relative to `train_dir`; the upstream launcher calls it
    `root_dir`."""
    params: dict[str, Param]
    """Parameters of the job, by name, with the types they have in the run module."""
    population: str | None = None
    """Id of the population that the job belongs to; not there: none."""
    member: Count | None = None
    """Index of the job in its population, from 0."""
    resources: Resources | None = None
    """Needs of this job that differ from the policy; not there: none."""
    fill: tuple[Placeholder, ...] = ()
    """What the executor fills in the command when an attempt starts: `port` stands for each
    `{port}` in `argv`; not there: the command is started as it stands."""
    group: JobId | None = None
    """Id of the group that the job belongs to; not there: none."""
    after: tuple[JobId, ...] = ()
    """Ids of jobs that have to have succeeded before it starts, with their groups; if one does
    not, it is skipped. Not there: none."""
    on_exit: tuple[ExitRule, ...] = ()
    """What becomes of the job after some exit codes; the first rule that fits decides. After any
    other code: 0 is success, and the policy says what is tried again."""
    container: OwnContainer | None = None
    """What its container has of its own; not there: nothing."""


class Processes(Frozen, frozen=True):
    """The process list: everything that the executor needs to know."""

    format: Literal["pbt-processes/1"]
    """Name and version of the format."""
    run: Text
    """Name of the run; its folder below `train_dir` has this name."""
    module: str
    """Run module that the spec was compiled from: a dotted name or the path of a file."""
    train_dir: Text
    """Root folder of everything that jobs write: absolute, or relative to the folder in which
    `pbt-run` is started."""
    policy: Policy
    """How the executor schedules jobs."""
    container: Container | None
    """The container that jobs run in; `null`: they are plain processes."""
    populations: tuple[Population, ...]
    """The populations of the run; empty where no jobs exchange weights."""
    jobs: tuple[Job, ...]
    """The jobs in plan order: the executor starts them in this order."""
    command_prefix: tuple[str, ...] = ()
    """Arguments that begin the `argv` of every job, such as `torchrun --nproc_per_node=8`; other
    backends than `processes` leave them out. Not there: none."""
    suffix: str = ""
    """Text after the names of experiment folders (`--experiment_suffix`); not there: none."""
    seed: Integer | None = None
    """Seed of `random` and NumPy when the module was compiled (`--seed`); not there: none."""
    groups: tuple[JobGroup, ...] = ()
    """Groups of jobs that start and end together; not there: none."""
