"""The spec: what to run, as frozen values. The JSON Schema is generated from these types.

Must not know files, run modules, machines or time: a spec means the same everywhere.
Units are bytes and seconds. Field order is the order of keys in the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

FORMAT: Final = "pbt-processes/1"

MOST: Final = 2**53
"""The largest integer of every format: beyond it, readers that know only doubles see another."""
Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Integer = Annotated[int, Meta(ge=-MOST, le=MOST)]
Seconds = Annotated[float, Meta(ge=0, le=MOST)]
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
"""The name of a population style: `pbt_tui.populations` knows which there are."""
Placeholder = Literal["port"]
"""What is known only when an attempt starts."""
Param = Any
"""Any JSON value: `params` keep their types, non-finite floats become text."""


class Frozen(Struct, frozen=True, forbid_unknown_fields=True):
    """A value: no unknown key is ever accepted, nothing changes after it is made."""


class Policy(Frozen, frozen=True):
    """How the executor schedules jobs. Each field is an option of the same name."""

    num_gpus: Count = 1
    """GPUs to use where the executor pins jobs, which it does with `experiments_per_gpu` from 1."""
    gpus: tuple[Text, ...] | None = None
    """Indices or UUIDs of the GPUs to choose from; `null`: those in `CUDA_VISIBLE_DEVICES` of the
    executor, else those that the driver reports."""
    gpus_per_job: Count = 1
    """GPUs that each job occupies; `resources.gpus` of a job overrides it."""
    experiments_per_gpu: Annotated[int, Meta(ge=-1, le=MOST)] = -1
    """Slots on each GPU: jobs that may share it; -1: there are no slots, and the executor leaves
    `CUDA_VISIBLE_DEVICES` alone."""
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
    """The container that jobs run in; without one they are plain processes."""

    image: Text
    """Name of the image, with a tag or a digest."""
    pull: Literal["missing", "never"] = "missing"
    """When the executor pulls the image: if it is missing, or never."""
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
    """Bytes of shared memory (`/dev/shm`); `null`: the engine's."""
    memory: Positive | None = None
    """Memory limit of a container in bytes; `null`: none."""
    cpus: Annotated[float, Meta(gt=0, le=MOST)] | None = None
    """CPU limit of a container, in CPUs; `null`: none."""
    network: Text | None = None
    """Network that containers join; `null`: the engine's."""
    capabilities: tuple[Text, ...] = ("gpu", "compute", "utility")
    """Capabilities that the executor requests from the GPU driver."""
    ulimits: tuple[Ulimit, ...] = ()
    """Resource limits of the kernel."""


class Resources(Frozen, frozen=True, omit_defaults=True):
    """What one job needs where it differs from the policy."""

    gpus: Count | None = None
    """GPUs of the job; `null`: `gpus_per_job` of the policy."""
    cpus: Positive | None = None
    """CPUs of the job; `null`: what the container or the backend sets."""
    memory: Positive | None = None
    """Memory of the job in bytes; `null`: what the container or the backend sets."""


class Population(Frozen, frozen=True):
    """Jobs that do PBT together, or the `size` policies of one job, as its style has it."""

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


class Job(Frozen, frozen=True, omit_defaults=True):
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
    """Id of the job's population; not there: it belongs to none."""
    member: Count | None = None
    """Index of the job in its population, from 0."""
    resources: Resources | None = None
    """Needs of this job that differ from the policy; not there: none."""
    fill: tuple[Placeholder, ...] = ()
    """What the executor fills in the command when an attempt starts: `port` stands for each
    `{port}` in `argv`; not there: the command is started as it stands."""


class Processes(Frozen, frozen=True):
    """The process list: everything that the executor needs to know."""

    format: Literal["pbt-processes/1"]
    """Name and version of the format."""
    run: Text
    """Name of the run; its folder below `train_dir` has this name."""
    module: str
    """Run module that the spec was compiled from: a dotted name or the path of a file."""
    train_dir: Text
    """Root folder of everything that jobs write, absolute or relative to where the run starts."""
    policy: Policy
    """How the executor schedules jobs."""
    container: Container | None
    """The container that jobs run in; `null`: they are plain processes."""
    populations: tuple[Population, ...]
    """The populations of the run; empty where no jobs exchange weights."""
    jobs: tuple[Job, ...]
    """The jobs in plan order: the executor starts them in this order."""
    suffix: str = ""
    """Text after the names of experiment folders (`--experiment_suffix`); not there: none."""
