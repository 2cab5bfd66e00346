"""The struct that the settings of backend `ngc` fill. Units are seconds."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pbt_tui.backends.ngc.request import (
    AnyLabel,
    Array,
    Class,
    DatasetMount,
    Description,
    Env,
    Mounted,
    Network,
    Number,
    PortMapping,
    Priority,
    Secret,
    Text,
    Word,
    WorkspaceMount,
)
from pbt_tui.spec.types import Frozen

EXPERIMENT_CMD = "{{ experiment_cmd }}"


class Ngc(Frozen, frozen=True, omit_defaults=True):
    """The settings of NGC. Each field is an option `--ngc_<field>`, named after a client's flag."""

    org: Word
    """Organization at NGC."""
    ace: Word
    """Name of the ACE, the cluster on which jobs run."""
    instance: Word
    """Type of machine, such as `dgxa100.80g.1.norm`."""
    team: Word | None = None
    """Team in the organization; not there: none."""
    name: Text = "{{ run }}.{{ name }}"
    """Name of each job; `{{ run }}` and `{{ name }}` stand for run and job."""
    description: Description | None = None
    """Description of every job; not there: none."""
    commandline: Text = EXPERIMENT_CMD
    """Shell command of each job; `{{ experiment_cmd }}` stands for the command of the spec."""
    entrypoint: Text | None = None
    """Entry point of every job; not there: `entrypoint` of the container, else the image's."""
    use_image_entrypoint: bool = False
    """Run the entry point of the image."""
    result: Mounted = "/results"
    """Folder in the container for the results of a job; NGC keeps it."""
    workspace: tuple[WorkspaceMount, ...] = ()
    """Workspaces to mount."""
    datasetid: tuple[DatasetMount, ...] = ()
    """Datasets to mount."""
    env_var: tuple[Env, ...] = ()
    """Environment variables of every job."""
    secret: tuple[Secret, ...] = ()
    """NGC secrets that every job gets."""
    label: tuple[AnyLabel, ...] = ()
    """Additional labels of every job."""
    lock_label: bool = False
    """Lock the labels: nobody can change them after submission."""
    port: tuple[PortMapping, ...] = ()
    """Ports that NGC publishes."""
    total_runtime: Number | None = None
    """Maximum total run time of a job in seconds; not there: the limit of the ACE."""
    min_timeslice: Number | None = None
    """Minimum seconds that a started job runs before NGC may preempt it."""
    preempt: Class | None = None
    """Whether NGC may preempt a job, and how the job continues afterwards; not there: `RESUMABLE`
    for members of a population on whole GPUs, else `RUNONCE`."""
    order: Annotated[int, Meta(ge=1, le=99)] | None = None
    """Order of the jobs in the queue, from 1 to 99."""
    priority: Priority | None = None
    """Priority of the jobs in the queue."""
    replicas: Number | None = None
    """Number of nodes of each job; not there: one."""
    array_type: Array | None = None
    """How NGC starts a job on several nodes."""
    network: Network | None = None
    """Network between the nodes of a job."""
    topology_constraint: Word | None = None
    """Placement of the nodes of a job: `pack` (close together) or `any`."""
    job_template: Text | None = None
    """Job template of the upstream launcher, from which settings are read; never in a spec."""
    print_only: bool = False
    """`pbt-run` prints what it would submit, and submits nothing."""


def encode_settings(settings: Ngc) -> str:
    """The settings as JSON in one line."""
    return msgspec.json.encode(settings).decode()


def decode_settings(text: str) -> dict[str, Any] | None:
    """The settings by field, as JSON values; None: the text does not contain valid settings."""
    try:
        msgspec.json.decode(text, type=Ngc)
        found: dict[str, Any] = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found
