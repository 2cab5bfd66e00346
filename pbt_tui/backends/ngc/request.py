"""The types of a Base Command job request for NGC.

The request is version 2, which is the same in NVIDIA's `ngcsdk` from 3.41.2 to 4.19.1, the last
release with Base Command. The keys have the order in which that client prints them. Units are
seconds. The `title` of a constraint describes it for messages.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pbt_tui.spec.types import MOST, Count

NOT_SAID = UNSET
"""Value of a key that is not in the file."""
LABELS = 20
"""Maximum number of labels of each kind."""
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
Seconds = Annotated[int, Meta(ge=0, le=MOST, title="whole seconds from 0")]
Number = Annotated[int, Meta(ge=1, le=MOST)]
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
    """Base of the parts of a request: fields with their default are not in the file."""


class Env(Shape, frozen=True, kw_only=True):
    """A variable of a container."""

    name: Part
    """Name of the variable."""
    value: Value
    """Value of the variable."""


class SecretKey(Shape, frozen=True, kw_only=True):
    """One key of a secret."""

    envName: Part | UnsetType = UNSET
    """Variable that holds the value in the job; not there: the name of the key."""
    keyName: Part
    """Name of the key in the secret."""


class Secret(Shape, frozen=True, kw_only=True):
    """A secret that NGC stores; the request never contains its value."""

    allKeys: Flag = UNSET
    """Whether the job gets all keys of the secret."""
    keysSpec: tuple[SecretKey, ...] = ()
    """Keys that the job gets where it does not get all."""
    name: Part
    """Name of the secret at NGC."""


class DatasetMount(Shape, frozen=True, kw_only=True):
    """A dataset that a container sees, named by one of `id` and `uuid`."""

    containerMountPoint: MountedOrNot
    """Folder of the dataset in the container, or `no-mount`."""
    id: Count | UnsetType = UNSET
    """Number of the dataset."""
    uuid: Word | UnsetType = UNSET
    """UUID of the dataset."""


class WorkspaceMount(Shape, frozen=True, kw_only=True):
    """A workspace that a container sees."""

    containerMountPoint: Mounted
    """Folder of the workspace in the container."""
    id: Word
    """Id or name of the workspace."""
    mountMode: Mode | UnsetType = UNSET
    """Whether the job may write: `RW`, or `RO` to read only; not there: `RW`."""


class ResultsetMount(Shape, frozen=True, kw_only=True):
    """Results of another job that a container sees."""

    containerMountPoint: Mounted
    """Folder of the results in the container."""
    id: Word
    """Id of the job whose results are mounted."""
    mountMode: Mode | UnsetType = UNSET
    """Whether the job may write: `RW`, or `RO` to read only."""


class Volume(Shape, frozen=True, kw_only=True):
    """A volume that the containers of a job share."""

    name: Word
    """Name of the volume."""


class VolumeMount(Shape, frozen=True, kw_only=True):
    """A volume of the job that a container sees."""

    containerMountPoint: Mounted
    """Folder of the volume in the container."""
    mountMode: Mode | UnsetType = UNSET
    """Whether the container may write: `RW`, or `RO` to read only."""
    name: Word
    """Name of the volume, as `jobVolumes` has it."""


class PortMapping(Shape, frozen=True, kw_only=True):
    """A port that NGC publishes."""

    containerPort: Port
    """Port in the container that NGC publishes."""
    name: PortName | UnsetType = UNSET
    """Name of the port."""
    protocol: Literal["TCP", "UDP", "HTTPS", "GRPC"] | UnsetType = UNSET
    """Protocol of the port; not there: `HTTPS`."""


class RunPolicy(Shape, frozen=True, kw_only=True):
    """How long a job may run, and whether NGC may preempt it."""

    expirySeconds: Seconds | UnsetType = UNSET
    """Seconds after which the request expires."""
    minTimesliceSeconds: Seconds | UnsetType = UNSET
    """Minimum seconds that a started job runs before NGC may preempt it."""
    preemptClass: Class | UnsetType = UNSET
    """Whether NGC may preempt the job, and how the job continues afterwards; not there:
    `RUNONCE`."""
    totalRuntimeSeconds: Seconds | UnsetType = UNSET
    """Maximum total run time of the job in seconds; 0 or not there: the limit of the ACE."""


class ExpTracking(Shape, frozen=True, kw_only=True):
    """An experiment tracker."""

    name: Text | UnsetType = UNSET
    """Name of the experiment in the tracker."""
    projectName: Text
    """Project in the tracker."""
    type: Literal["NONE", "WANDB"]
    """Experiment tracker, or `NONE`."""


class ResourceAmounts(Shape, frozen=True, kw_only=True):
    """Amounts of CPU and memory."""

    cpu: Word | UnsetType = UNSET
    """CPUs, as Kubernetes writes them, such as `2` or `500m`."""
    memory: Word | UnsetType = UNSET
    """Memory, as Kubernetes writes it, such as `4Gi`."""


class ContainerResources(Shape, frozen=True, kw_only=True):
    """Resources that a container needs, and its limits."""

    limits: ResourceAmounts | UnsetType = UNSET
    """Maximum resources of the container."""
    requests: ResourceAmounts | UnsetType = UNSET
    """Minimum resources that the container needs."""


class HttpGet(Shape, frozen=True, kw_only=True):
    """A request over HTTP."""

    path: Text | UnsetType = UNSET
    """Path that the check requests."""
    port: Port | UnsetType = UNSET
    """Port that the check connects to."""


class HealthCheck(Shape, frozen=True, kw_only=True):
    """A check by which NGC detects whether a container is healthy."""

    httpGet: HttpGet | UnsetType = UNSET
    """Request that succeeds while the container is healthy."""
    initialDelaySeconds: Seconds | UnsetType = UNSET
    """Seconds from the start of the container to the first check."""
    periodSeconds: Seconds | UnsetType = UNSET
    """Seconds between two checks."""
    timeoutSeconds: Seconds | UnsetType = UNSET
    """Seconds after which a check without a response counts as failed."""


class InitContainer(Shape, frozen=True, kw_only=True):
    """A container that ends before the job begins."""

    command: Text | UnsetType = UNSET
    """Command, one text for a shell; not there: that of the image."""
    containerName: Word | UnsetType = UNSET
    """Name of the container."""
    containerResources: ContainerResources | UnsetType = UNSET
    """CPU and memory of the container."""
    datasetMounts: tuple[DatasetMount, ...] = ()
    """Datasets that the container sees."""
    dockerImageName: Word
    """Image: `org/[team/]image[:tag]`, without the registry."""
    entryPoint: Text | UnsetType = UNSET
    """Entry point; not there: the shell, or that of the image."""
    envs: tuple[Env, ...] = ()
    """Variables of the container."""
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    """Volumes of the job that the container sees."""
    resultContainerMountPoint: Mounted
    """Folder of the job's results in the container."""
    useImageEntryPoint: Flag = UNSET
    """Whether the entry point of the image runs."""
    workspaceMounts: tuple[WorkspaceMount, ...] = ()
    """Workspaces that the container sees."""


class SidecarContainer(Shape, frozen=True, kw_only=True):
    """A container that runs beside the container of the job."""

    command: Text | UnsetType = UNSET
    """Command, one text for a shell; not there: that of the image."""
    containerName: Word | UnsetType = UNSET
    """Name of the container."""
    containerResources: ContainerResources | UnsetType = UNSET
    """CPU and memory of the container."""
    datasetMounts: tuple[DatasetMount, ...] = ()
    """Datasets that the container sees."""
    dockerImageName: Word
    """Image: `org/[team/]image[:tag]`, without the registry."""
    entryPoint: Text | UnsetType = UNSET
    """Entry point; not there: the shell, or that of the image."""
    envs: tuple[Env, ...] = ()
    """Variables of the container."""
    healthCheck: HealthCheck | UnsetType = UNSET
    """Check by which NGC detects whether the container is healthy."""
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    """Volumes of the job that the container sees."""
    portMappings: tuple[PortMapping, ...] = ()
    """Ports that NGC publishes."""
    publishedContainerPorts: tuple[Port, ...] = ()
    """Ports that NGC publishes, in an older form."""
    resultContainerMountPoint: Mounted
    """Folder of the job's results in the container."""
    useImageEntryPoint: Flag = UNSET
    """Whether the entry point of the image runs."""
    workspaceMounts: tuple[WorkspaceMount, ...] = ()
    """Workspaces that the container sees."""


class JobRequest(Shape, frozen=True, kw_only=True):
    """The request of one job: the body that the client sends. Its URL contains org and team."""

    aceId: Count | UnsetType = UNSET
    """Number of the ACE; deprecated, use `aceName`."""
    aceInstance: Word
    """Type of machine, such as `dgxa100.80g.1.norm`."""
    aceName: Word | UnsetType = UNSET
    """Name of the ACE, the cluster on which the job runs."""
    arrayType: Array | UnsetType = UNSET
    """How NGC starts a job on several nodes."""
    command: Text | UnsetType = UNSET
    """Command of the job, one text for a shell."""
    containerName: Word | UnsetType = UNSET
    """Name of the container."""
    containerResources: ContainerResources | UnsetType = UNSET
    """CPU and memory of the container."""
    datasetMounts: tuple[DatasetMount, ...] = ()
    """Datasets that the job sees."""
    description: Description | UnsetType = UNSET
    """Description of the job, for people."""
    dockerImageName: Word
    """Image: `org/[team/]image[:tag]`, without the registry."""
    entryPoint: Text | UnsetType = UNSET
    """Entry point; not there: the shell, or that of the image."""
    envs: tuple[Env, ...] = ()
    """Variables of the job."""
    expTrackingParams: ExpTracking | UnsetType = UNSET
    """Experiment tracker that the job reports to."""
    healthCheck: HealthCheck | UnsetType = UNSET
    """Check by which NGC detects whether a service is healthy."""
    initContainers: tuple[InitContainer, ...] = ()
    """Containers that end before the job begins."""
    isLabelLocked: Flag = UNSET
    """Whether the labels can no longer be changed."""
    jobOrder: Annotated[int, Meta(ge=1, le=99, title="an integer from 1 to 99")] | UnsetType = UNSET
    """Order of the job in the queue, from 1 to 99."""
    jobPriority: Priority | UnsetType = UNSET
    """Priority of the job in the queue."""
    jobType: Literal["BATCH", "SERVICE"] | UnsetType = UNSET
    """`BATCH`: a job that ends by itself; `SERVICE`: a job that runs until somebody stops it."""
    jobVolumeMounts: tuple[VolumeMount, ...] = ()
    """Volumes of the job that its container sees."""
    jobVolumes: tuple[Volume, ...] = ()
    """Volumes that the containers of the job share."""
    minAvailability: Number | UnsetType = UNSET
    """Nodes that have to start together."""
    name: Name
    """Name of the job, for people."""
    networkType: Network | UnsetType = UNSET
    """Network between the nodes of a job."""
    portMappings: tuple[PortMapping, ...] = ()
    """Ports that NGC publishes."""
    publishedContainerPorts: tuple[Port, ...] = ()
    """Ports that NGC publishes, in an older form than `portMappings`."""
    replicaCount: Number | UnsetType = UNSET
    """Number of nodes."""
    reservedLabels: Annotated[tuple[ReservedLabel, ...], _SOME] = ()
    """Labels with one `_` in front."""
    resultContainerMountPoint: Mounted
    """Folder in the container for the results of the job; NGC keeps it."""
    resultsetMounts: ResultsetMount | UnsetType = UNSET
    """Results of another job to mount, for jobs that move data."""
    runPolicy: RunPolicy | UnsetType = UNSET
    """How long the job may run, and whether NGC may preempt it."""
    sidecarContainers: tuple[SidecarContainer, ...] = ()
    """Containers that run beside the container of the job."""
    systemLabels: Annotated[tuple[SystemLabel, ...], _SOME] = ()
    """Labels with `__` in front."""
    topologyConstraint: Word | UnsetType = UNSET
    """Placement of the nodes of a job: `pack` (close together) or `any`."""
    useImageEntryPoint: Flag = UNSET
    """Whether the entry point of the image runs."""
    userLabels: Annotated[tuple[UserLabel, ...], _SOME] = ()
    """Labels by which people and `pbt-run` find the job."""
    userSecretsSpec: tuple[Secret, ...] = ()
    """Secrets of NGC that the job gets as variables."""
    workspaceMounts: tuple[WorkspaceMount, ...] = ()
    """Workspaces that the job sees."""


def encode(made: JobRequest) -> bytes:
    """The bytes of the request file."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def identified(made: JobRequest, *context: str | None) -> JobRequest:
    """The request with a last label that is a hash of the request and its context."""
    digest = hashlib.sha256(msgspec.json.encode((*context, made))).hexdigest()[:16]
    return msgspec.structs.replace(made, userLabels=(*made.userLabels, f"pbt_{digest}"))


def key(made: JobRequest) -> str:
    """The label by which a submitted job is found again."""
    return made.userLabels[-1]
