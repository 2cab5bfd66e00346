"""The types of an OSMO workflow file, as its service reads them from 6.2 to 6.4.

A file may have numbers and booleans in quotes: `workflow_reading` makes them what they are.
The `title` of a constraint describes it for messages. Keys that the service accepts but overwrites
or ignores are left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pbt_tui.spec.types import MOST

Text = Annotated[str, Meta(min_length=1)]
_DIGITS = Meta(pattern=r"^[0-9]{1,15}$(?!\n)", title="an integer from 0")
Number = Annotated[int, Meta(ge=0, le=MOST, title="an integer from 0")] | Annotated[str, _DIGITS]
Flag = bool | Literal["true", "false"]


class WorkflowShape(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Base of the parts of a workflow: keys with their default are not in the file."""


class Topology(WorkflowShape, frozen=True, kw_only=True):
    """How close to each other the tasks of a group have to run."""

    key: Text
    """Name of a topology of the pool."""
    group: Text = "default"
    """Tasks with the same text belong together."""
    requirementType: Literal["required", "preferred"] = "required"
    """Whether tasks wait until they can run so."""


class ResourceRequest(WorkflowShape, frozen=True, kw_only=True):
    """What a task requests; not there: the values of the pool."""

    cpu: Number | None = None
    """CPUs."""
    gpu: Number | None = None
    """GPUs."""
    memory: Text | None = None
    """Memory, with Ki, Mi, Gi or Ti."""
    storage: Text | None = None
    """Disk of the node, with Ki, Mi, Gi or Ti."""
    platform: Text | None = None
    """Kind of node, one of those of the pool."""
    nodesExcluded: tuple[Text, ...] = ()
    """Nodes that the task must not run on."""
    topology: tuple[Topology, ...] = ()
    """How close to each other the tasks of a group have to run."""


class TimeLimits(WorkflowShape, frozen=True, kw_only=True):
    """Time limits of each group."""

    exec_timeout: Text | None = None
    """How long a group may run: `7d`, `12h` or `PT30M`; a number is seconds."""
    queue_timeout: Text | None = None
    """How long a group may wait in the queue."""


class InlineFile(WorkflowShape, frozen=True, kw_only=True):
    """A file that a task finds at a path."""

    path: Text
    """Where the task finds it."""
    contents: str | None = None
    """Its content."""
    localpath: Text | None = None
    """A file beside the workflow, which the client reads instead of `contents`."""
    base64: Flag = False
    """Whether `contents` is encoded with base64."""


class Transfer(WorkflowShape, frozen=True, kw_only=True):
    """Data that a task gets before it begins, or that is kept when it has ended."""

    task: Text | None = None
    """Task whose output it is."""
    url: Text | None = None
    """Place in a data store."""
    dataset: Any = None
    """Dataset; gone in 6.4."""
    regex: str = ""
    """Pattern of the paths that are meant; empty: all."""


class Checkpoint(WorkflowShape, frozen=True, kw_only=True):
    """A folder that is uploaded while the task runs."""

    path: Text
    """Folder in the task."""
    url: Text
    """Place in a data store."""
    frequency: Text
    """Time between two uploads."""
    regex: str = ""
    """Pattern of the paths that are meant; empty: all."""


class Kpi(WorkflowShape, frozen=True, kw_only=True):
    """A file of numbers that the service collects."""

    index: Text
    """Name of the collection."""
    path: Text
    """Path of the file."""


class WorkflowTask(WorkflowShape, frozen=True, kw_only=True):
    """One container, with one command."""

    name: str
    """Name of the task."""
    image: Text
    """Image: `[registry/]name[:tag]`."""
    lead: Flag = False
    """Whether its end is the end of its group; each group has one such task."""
    resource: Text = "default"
    """Which of the `resources` it requests."""
    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Program, and words that precede `args`."""
    args: tuple[str, ...] = ()
    """Arguments of the program."""
    environment: dict[str, str] = {}
    """Variables of the task."""
    credentials: dict[str, str | dict[str, str]] = {}
    """Stored credentials: variable → key of the credential, or a folder for all its keys."""
    volumeMounts: tuple[str, ...] = ()
    """Folders of the node that the task sees: `SRC[:DST]`."""
    files: tuple[InlineFile, ...] = ()
    """Files that the task finds."""
    exitActions: dict[str, str] = {}
    """COMPLETE, FAIL or RESCHEDULE → the exit codes for which the service does so."""
    inputs: tuple[Transfer, ...] = ()
    """Data that the task gets before it begins."""
    outputs: tuple[Transfer, ...] = ()
    """Data that is kept when it has ended."""
    checkpoint: tuple[Checkpoint, ...] = ()
    """Folders that are uploaded while the task runs."""
    kpis: tuple[Kpi, ...] = ()
    """Files of numbers that the service collects."""
    downloadType: Text | None = None
    """How inputs reach the task."""
    cacheSize: Text | None = None
    """Disk for cached inputs."""
    privileged: Flag = False
    """Whether the container may do everything on its node."""
    hostNetwork: Flag = False
    """Whether the container uses the network of its node."""


class TaskGroup(WorkflowShape, frozen=True, kw_only=True):
    """Tasks that start together or not at all."""

    name: str
    """Name of the group."""
    barrier: Flag | None = None
    """Whether commands begin once each task is ready; not there: true."""
    ignoreNonleadStatus: Flag | None = None
    """Whether only the lead decides how the group ends; not there: true."""
    tasks: Annotated[tuple[WorkflowTask, ...], Meta(min_length=1)]
    """Its tasks."""


class Workflow(WorkflowShape, frozen=True, kw_only=True):
    """What is submitted at once."""

    name: str
    """Name of the workflow; the service adds `-` and a number, and that is its id."""
    labels: dict[str, str] = {}
    """Labels; refused before 6.4."""
    resources: dict[str, ResourceRequest] = {}
    """What tasks can request, by a name; not there: `default`, with the values of the pool."""
    timeout: TimeLimits | None = None
    """Time limits of each group."""
    groups: tuple[TaskGroup, ...] = ()
    """Groups of tasks; a workflow has groups or tasks."""
    tasks: tuple[WorkflowTask, ...] = ()
    """Tasks, each in a group of its own."""


class WorkflowFile(
    WorkflowShape, frozen=True, kw_only=True, rename={"default_values": "default-values"}
):
    """A workflow file; the service cuts it into these sections."""

    version: Any = None
    """Ignored by the service."""
    default_values: Any = None
    """Values for a template, by name."""
    workflow: Workflow
    """The workflow."""


def all_tasks(workflow: Workflow) -> list[tuple[str, WorkflowTask]]:
    """Each task of a workflow, with its JSON pointer in the file."""
    found = [(f"/workflow/tasks/{i}", task) for i, task in enumerate(workflow.tasks)]
    for i, group in enumerate(workflow.groups):
        here = f"/workflow/groups/{i}/tasks"
        found += [(f"{here}/{k}", task) for k, task in enumerate(group.tasks)]
    return found
