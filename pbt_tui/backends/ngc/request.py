"""Base Command on NGC as values: what may be set for it, and the job request that is sent.

Must not know runs, files or the client. The request is version 2, the same in NVIDIA's `ngcsdk`
from 3.41.2 to 4.19.1, the last release that has Base Command. Keys are in the order in which that
client prints them. Units are seconds; `title` says in words what a pattern or a limit is about.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pbt_tui.spec.types import Frozen

NOT_SAID = UNSET
"""Of a key that is not in the file."""
EXPERIMENT_CMD = "{{ experiment_cmd }}"
LABELS = 20
"""Of each kind, at most."""
LONGEST_NAME = 128


def _like(pattern: str, title: str, **more: Any) -> Any:
    # `$` also matches before a last newline in Python, and only there.
    return Meta(pattern=f"^{pattern}$(?!\\n)", title=title, **more)


Text = Annotated[str, Meta(min_length=1)]
Word = Annotated[str, _like(r"[!-~]+", "printable ASCII without blanks")]
Name = Annotated[
    str,
    _like(
        r"[A-Za-z0-9][A-Za-z0-9.,_ -]{1,127}",
        "2 to 128 letters, digits, `-`, `.`, `,`, `_` or blanks, the first a letter or digit",
    ),
]
Description = Annotated[str, Meta(min_length=1, max_length=512, title="1 to 512 characters")]
Part = Annotated[str, _like(r"[A-Za-z0-9_.-]{1,63}", "1 to 63 letters, digits, `_`, `.` or `-`")]
Value = Annotated[str, _like(r"[^\r\n]{0,2048}", "at most 2048 characters without a line break")]
Mounted = Annotated[str, _like(r"/[^\x00-\x1f]+", "an absolute path below `/`")]
MountedOrNot = Annotated[str, _like(r"(/[^\x00-\x1f]+|no-mount)", "a path, or `no-mount`")]
Seconds = Annotated[int, Meta(ge=0, title="whole seconds from 0")]
Number = Annotated[int, Meta(ge=1)]
Port = Annotated[int, Meta(ge=1, le=65535, title="a port from 1 to 65535")]
PortName = Annotated[
    str, _like(r"[A-Za-z][A-Za-z0-9]{0,9}", "a letter, then up to 9 letters or digits")
]
_WORD = "up to 256 letters, digits or `_`"
AnyLabel = Annotated[str, _like(r"[A-Za-z_][A-Za-z0-9_]{0,255}", f"a letter or `_`, {_WORD}")]
UserLabel = Annotated[
    str, _like(r"[A-Za-z][A-Za-z0-9_]{0,255}", f"{_WORD}, the first a letter (no `-`)")
]
ReservedLabel = Annotated[
    str, _like(r"_[A-Za-z0-9][A-Za-z0-9_]{0,254}", f"{_WORD}, with one `_` in front")
]
SystemLabel = Annotated[str, _like(r"__[A-Za-z0-9_]{1,254}", f"{_WORD}, with `__` in front")]
_SOME = Meta(max_length=LABELS, title=f"at most {LABELS} labels")
Class = Literal["RUNONCE", "RESUMABLE", "RESTARTABLE"]
Mode = Literal["RO", "RW"]
Network = Literal["INFINIBAND", "ETHERNET"]
Array = Literal["MPI", "PARALLEL", "PYTORCH", "HOROVOD"]
Priority = Literal["HIGH", "NORMAL", "LOW"]
Flag = bool | UnsetType


class Shape(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of a request: what has no content is not in the file."""


class Env(Shape, frozen=True, kw_only=True):
    name: Part
    value: Value


class SecretKey(Shape, frozen=True, kw_only=True):
    envName: Part | UnsetType = UNSET
    """The variable that holds it; the key's own name if there is none."""
    keyName: Part


class Secret(Shape, frozen=True, kw_only=True):
    """A secret that NGC keeps; no value ever stands here."""

    allKeys: Flag = UNSET
    keysSpec: tuple[SecretKey, ...] = ()
    name: Part


class DatasetMount(Shape, frozen=True, kw_only=True):
    """One of `id` and `uuid`."""

    containerMountPoint: MountedOrNot
    id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    uuid: Word | UnsetType = UNSET


class WorkspaceMount(Shape, frozen=True, kw_only=True):
    containerMountPoint: Mounted
    id: Word
    """Id or name."""
    mountMode: Mode | UnsetType = UNSET
    """RW where it is not said."""


class ResultsetMount(Shape, frozen=True, kw_only=True):
    containerMountPoint: Mounted
    id: Word
    mountMode: Mode | UnsetType = UNSET


class Volume(Shape, frozen=True, kw_only=True):
    name: Word


class VolumeMount(Shape, frozen=True, kw_only=True):
    containerMountPoint: Mounted
    mountMode: Mode | UnsetType = UNSET
    name: Word


class PortMapping(Shape, frozen=True, kw_only=True):
    containerPort: Port
    name: PortName | UnsetType = UNSET
    protocol: Literal["TCP", "UDP", "HTTPS", "GRPC"] | UnsetType = UNSET
    """HTTPS where it is not said."""


class RunPolicy(Shape, frozen=True, kw_only=True):
    expirySeconds: Seconds | UnsetType = UNSET
    minTimesliceSeconds: Seconds | UnsetType = UNSET
    preemptClass: Class | UnsetType = UNSET
    """RUNONCE where it is not said."""
    totalRuntimeSeconds: Seconds | UnsetType = UNSET
    """The limit of the ACE where it is 0 or not said."""


class ExpTracking(Shape, frozen=True, kw_only=True):
    name: Text | UnsetType = UNSET
    projectName: Text
    type: Literal["NONE", "WANDB"]


class ResourceAmounts(Shape, frozen=True, kw_only=True):
    cpu: Word | UnsetType = UNSET
    memory: Word | UnsetType = UNSET


class ContainerResources(Shape, frozen=True, kw_only=True):
    limits: ResourceAmounts | UnsetType = UNSET
    requests: ResourceAmounts | UnsetType = UNSET


class HttpGet(Shape, frozen=True, kw_only=True):
    path: Text | UnsetType = UNSET
    port: Port | UnsetType = UNSET


class HealthCheck(Shape, frozen=True, kw_only=True):
    httpGet: HttpGet | UnsetType = UNSET
    initialDelaySeconds: Seconds | UnsetType = UNSET
    periodSeconds: Seconds | UnsetType = UNSET
    timeoutSeconds: Seconds | UnsetType = UNSET


class InitContainer(Shape, frozen=True, kw_only=True):
    """A container that ends before the job begins."""

    command: Text | UnsetType = UNSET
    containerName: Word | UnsetType = UNSET
    containerResources: ContainerResources | UnsetType = UNSET
    datasetMounts: tuple[DatasetMount, ...] = ()
    dockerImageName: Word
    entryPoint: Text | UnsetType = UNSET
    envs: tuple[Env, ...] = ()
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    resultContainerMountPoint: Mounted
    useImageEntryPoint: Flag = UNSET
    workspaceMounts: tuple[WorkspaceMount, ...] = ()


class SidecarContainer(Shape, frozen=True, kw_only=True):
    """A container beside that of the job."""

    command: Text | UnsetType = UNSET
    containerName: Word | UnsetType = UNSET
    containerResources: ContainerResources | UnsetType = UNSET
    datasetMounts: tuple[DatasetMount, ...] = ()
    dockerImageName: Word
    entryPoint: Text | UnsetType = UNSET
    envs: tuple[Env, ...] = ()
    healthCheck: HealthCheck | UnsetType = UNSET
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    portMappings: tuple[PortMapping, ...] = ()
    publishedContainerPorts: tuple[Port, ...] = ()
    resultContainerMountPoint: Mounted
    useImageEntryPoint: Flag = UNSET
    workspaceMounts: tuple[WorkspaceMount, ...] = ()


class JobRequest(Shape, frozen=True, kw_only=True):
    """One job: the body that the client sends. Org and team are in the address, never here."""

    aceId: int | UnsetType = UNSET
    """Deprecated: `aceName`."""
    aceInstance: Word
    """The type of machine, such as `dgxa100.80g.1.norm`."""
    aceName: Word | UnsetType = UNSET
    arrayType: Array | UnsetType = UNSET
    command: Text | UnsetType = UNSET
    """One text for a shell."""
    containerName: Word | UnsetType = UNSET
    containerResources: ContainerResources | UnsetType = UNSET
    datasetMounts: tuple[DatasetMount, ...] = ()
    description: Description | UnsetType = UNSET
    dockerImageName: Word
    """`org/[team/]image[:tag]`, without the registry."""
    entryPoint: Text | UnsetType = UNSET
    envs: tuple[Env, ...] = ()
    expTrackingParams: ExpTracking | UnsetType = UNSET
    healthCheck: HealthCheck | UnsetType = UNSET
    initContainers: tuple[InitContainer, ...] = ()
    isLabelLocked: Flag = UNSET
    jobOrder: Annotated[int, Meta(ge=1, le=99, title="an integer from 1 to 99")] | UnsetType = UNSET
    jobPriority: Priority | UnsetType = UNSET
    jobType: Literal["BATCH", "SERVICE"] | UnsetType = UNSET
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    jobVolumes: tuple[Volume, ...] = ()
    minAvailability: Number | UnsetType = UNSET
    """Nodes that have to start together."""
    name: Name
    networkType: Network | UnsetType = UNSET
    portMappings: tuple[PortMapping, ...] = ()
    publishedContainerPorts: tuple[Port, ...] = ()
    """An older form of `portMappings`."""
    replicaCount: Number | UnsetType = UNSET
    """Nodes."""
    reservedLabels: Annotated[tuple[ReservedLabel, ...], _SOME] = ()
    resultContainerMountPoint: Mounted
    """A folder that is the job's own, and kept."""
    resultsetMounts: ResultsetMount | UnsetType = UNSET
    """For jobs that move data."""
    runPolicy: RunPolicy | UnsetType = UNSET
    sidecarContainers: tuple[SidecarContainer, ...] = ()
    systemLabels: Annotated[tuple[SystemLabel, ...], _SOME] = ()
    topologyConstraint: Word | UnsetType = UNSET
    useImageEntryPoint: Flag = UNSET
    userLabels: Annotated[tuple[UserLabel, ...], _SOME] = ()
    userSecretsSpec: tuple[Secret, ...] = ()
    workspaceMounts: tuple[WorkspaceMount, ...] = ()


class Ngc(Frozen, frozen=True, omit_defaults=True):
    """What may be set; each field is an option `--ngc_<field>`, named after the client's own."""

    org: Word
    ace: Word
    instance: Word
    team: Word | None = None
    name: Text = "{{ run }}.{{ name }}"
    description: Description | None = None
    commandline: Text = EXPERIMENT_CMD
    entrypoint: Text | None = None
    use_image_entrypoint: bool = False
    result: Mounted = "/results"
    workspace: tuple[WorkspaceMount, ...] = ()
    datasetid: tuple[DatasetMount, ...] = ()
    env_var: tuple[Env, ...] = ()
    secret: tuple[Secret, ...] = ()
    label: tuple[AnyLabel, ...] = ()
    lock_label: bool = False
    port: tuple[PortMapping, ...] = ()
    total_runtime: Number | None = None
    min_timeslice: Number | None = None
    preempt: Class | None = None
    order: Annotated[int, Meta(ge=1, le=99)] | None = None
    priority: Priority | None = None
    replicas: Number | None = None
    array_type: Array | None = None
    network: Network | None = None
    topology_constraint: Word | None = None
    job_template: Text | None = None
    """A file of the original launcher, of which settings are made: never in a spec."""
    print_only: bool = False


def encode(made: JobRequest) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def identified(made: JobRequest, *context: str | None) -> JobRequest:
    """With one more label, the last: it stands for all of the request, and for its context."""
    digest = hashlib.sha256(msgspec.json.encode((*context, made))).hexdigest()[:16]
    return msgspec.structs.replace(made, userLabels=(*made.userLabels, f"pbt_{digest}"))


def key(made: JobRequest) -> str:
    """The label by which a job that was submitted already is found."""
    return made.userLabels[-1]


def encode_settings(settings: Ngc) -> str:
    """In one line."""
    return msgspec.json.encode(settings).decode()


def decode_settings(text: str) -> dict[str, Any] | None:
    """The settings by field, as JSON values; None where the text is not of them."""
    try:
        msgspec.json.decode(text, type=Ngc)
        found: dict[str, Any] = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found
