"""The spec: what to run, as frozen values. The JSON Schema is generated from these types.

Must not know files, run modules, machines or time: a spec means the same everywhere.
Units are bytes and seconds. Field order is the order of keys in the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

FORMAT: Final = "pbt-processes/1"

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
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
Param = Any
"""Any JSON value: `params` keep their types, non-finite floats become text."""


class Frozen(Struct, frozen=True, forbid_unknown_fields=True):
    """A value: no unknown key is ever accepted, nothing changes after it is made."""


class Policy(Frozen, frozen=True):
    """How the executor goes about it. Each field is an option of the same name."""

    num_gpus: Count = 1
    gpus: tuple[Text, ...] | None = None
    """Indices or UUIDs to choose from; `None`: what this machine has (DESIGN 5, GPUs)."""
    gpus_per_job: Count = 1
    experiments_per_gpu: Annotated[int, Meta(ge=-1)] = -1
    """Slots per GPU; -1 leaves the pin alone."""
    max_parallel: Positive = 4
    pause_between: Seconds = 1.0
    patience: Seconds = 600.0
    """What was passed over for so long closes the line behind it."""
    retries: Count = 0
    retry_on: tuple[Cause, ...] = ("lost", "oom", "gpu_lost")
    retry_delay: Seconds = 10.0
    """Doubled with every try."""
    timeout: Seconds | None = None
    """Of one attempt, from its first start; the queue does not count."""
    grace: Seconds = 30.0
    """Between a stop and the kill."""
    max_failures: Positive | None = None
    """After so many failed jobs the waiting ones are skipped."""
    fail_fast: bool = False


class Mount(Frozen, frozen=True):
    source: Text
    target: Text
    read_only: bool = False


class Ulimit(Frozen, frozen=True):
    name: Text
    soft: int
    hard: int


class Container(Frozen, frozen=True):
    """The container that jobs run in; without one they are plain processes."""

    image: Text
    pull: Literal["missing", "never"] = "missing"
    entrypoint: tuple[str, ...] | None = None
    user: Text = "caller"
    """`caller`, `image`, or `uid:gid`."""
    mounts: tuple[Mount, ...] = ()
    env_from: tuple[EnvName, ...] = ()
    """Names taken from the launcher's own environment: secrets never enter a spec."""
    shm_size: Positive | None = None
    memory: Positive | None = None
    cpus: Annotated[float, Meta(gt=0)] | None = None
    network: Text | None = None
    capabilities: tuple[Text, ...] = ("gpu", "compute", "utility")
    """What the GPU driver opens inside."""
    ulimits: tuple[Ulimit, ...] = ()


class Resources(Frozen, frozen=True, omit_defaults=True):
    """What one job needs where it differs from the policy."""

    gpus: Count | None = None
    cpus: Positive | None = None
    memory: Positive | None = None


class Population(Frozen, frozen=True):
    """Jobs that do PBT together, or the `size` policies of one job, as its style has it."""

    id: Text
    style: Style
    size: Positive
    workspace: str
    """The folder that the members share, relative to `train_dir`, or absolute."""
    members: tuple[JobId, ...]


class Job(Frozen, frozen=True, omit_defaults=True):
    """One process: an experiment and one combination of parameters."""

    id: JobId
    experiment: Text
    name: str
    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    env: dict[EnvName, str]
    dir: str
    """Upstream's `root_dir`, relative to `train_dir`."""
    params: dict[str, Param]
    population: str | None = None
    member: Count | None = None
    resources: Resources | None = None


class Processes(Frozen, frozen=True):
    """The process list: everything that the executor needs to know."""

    format: Literal["pbt-processes/1"]
    run: Text
    module: str
    train_dir: Text
    policy: Policy
    container: Container | None
    populations: tuple[Population, ...]
    jobs: tuple[Job, ...]
    suffix: str = ""
    """Written only where there is one."""
