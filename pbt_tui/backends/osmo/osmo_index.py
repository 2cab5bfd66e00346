"""The settings of backend `osmo`, and the index of its files. Units are bytes and seconds."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from pbt_tui.spec.types import MOST, Count, Frozen, JobId, Positive, Seconds, Text

FORMAT: Final = "pbt-osmo-index/1"
MOST_TASKS = 20
"""Tasks that a workflow may have, unless the service has another `max_num_tasks`."""


class CredentialUse(Frozen, frozen=True, omit_defaults=True):
    """A credential that the service stores; a workflow has its name, and never its value."""

    name: Text
    """Name of the credential."""
    key: Text | None = None
    """Key of the credential; not there: one for each variable of `env_from`, with its name."""
    variable: Text | None = None
    """Variable that gets the value; not there: it has the name of the key."""
    folder: Text | None = None
    """Folder that gets a file for each key; not there: variables get them."""


class Osmo(Frozen, frozen=True):
    """What jobs request from OSMO. Each field is an option `--osmo_<field>`."""

    pool: Text
    """Pool that the workflows are submitted to."""
    platform: Text | None = None
    """Kind of node, one of those of the pool; `null`: the pool's default platform."""
    priority: Literal["HIGH", "NORMAL", "LOW"] | None = None
    """Priority of the workflows; the service may preempt those with `LOW`. `null`: `NORMAL`."""
    gpus: Count | None = None
    """GPUs of each job; `resources.gpus` of a job overrides it. `null`: `gpus_per_job` of the
    policy."""
    cpus: Positive | None = None
    """CPUs of each job; `resources.cpus` of a job overrides it. `null`: `cpus` of the container,
    else the pool's default."""
    memory: Positive | None = None
    """Bytes of memory of each job; `resources.memory` of a job overrides it. `null`: `memory` of
    the container, else the pool's default."""
    storage: Positive | None = None
    """Bytes on the disk of the node for each job; `null`: the pool's default."""
    mount: tuple[Text, ...] = ()
    """Folders of the nodes that each job sees, as `SRC[:DST]`; the platform has to allow them."""
    shared: tuple[Text, ...] = ()
    """Folders that the pool itself mounts into each job, such as a volume of its pod template."""
    workdir: Text | None = None
    """Folder in which each command starts; `null`: the one of the image."""
    credential: tuple[CredentialUse, ...] = ()
    """Credentials that each job gets: all variables of `env_from` (`NAME`), one key as a variable
    (`NAME:KEY[:VARIABLE]`), or files (`NAME:/DIR`)."""
    timeout: Seconds | None = None
    """Seconds that a group may run; `null`: `timeout` of the policy, else the pool's default."""
    queue_timeout: Seconds | None = None
    """Seconds that a group may wait in the queue; `null`: the pool's default."""
    reschedule: Text | None = None
    """Exit codes after which the service starts a task again, such as `75,3001,3006`; a member then
    continues from its newest generation. `null`: none."""
    lead: Literal["member", "task"] = "member"
    """Who keeps the group of a population running until all members have ended: its first
    `member`, or a `task` of its own without GPU."""
    lead_wait: Annotated[float, Meta(ge=60, lt=MOST)] = 900.0
    """Seconds without a sign of a member after which the lead gives it up for dead."""
    nodes_excluded: tuple[Text, ...] = ()
    """Nodes on which no job runs."""
    guarantee: Count | None = None
    """GPUs that the pool guarantees, for a warning about larger groups; `null`: not known."""
    max_tasks: Positive = MOST_TASKS
    """Maximum number of tasks in one workflow: `max_num_tasks` of the service."""
    url: Text | None = None
    """Address of the service, which `pbt-run` then calls itself; `null`: it calls NVIDIA's client
    `osmo`, which has the login."""
    token_env: Text = "OSMO_TOKEN"
    """Name of the variable with the token for `url`."""
    poll: Annotated[float, Meta(ge=1, lt=MOST)] = 20.0
    """Seconds between two queries about a workflow."""
    settle: Seconds = 180.0
    """Seconds for which a workflow may still appear after a request that got no answer."""
    log_lines: Count = 1000
    """Lines of the log of a workflow to copy with each query; 0: none."""


class NamedTask(Frozen, frozen=True):
    """A task and its job."""

    task: Text
    """Name of the task in the workflow."""
    job: JobId
    """Id of the job."""


class WorkflowEntry(Frozen, frozen=True, omit_defaults=True, kw_only=True):
    """One workflow, and its tasks that are jobs."""

    file: Text
    """Name of the file in the folder `osmo/`."""
    name: Text
    """Name of the workflow."""
    population: str | None = None
    """Id of the population whose members are its tasks; not there: a part of a sweep."""
    tasks: tuple[NamedTask, ...]
    """Its tasks in the order of the file, without one that only waits."""


class OsmoIndex(Frozen, frozen=True):
    """The contents of the folder `osmo/`, and the settings that it was made from."""

    format: Literal["pbt-osmo-index/1"]
    """Name and version of the format."""
    run: Text
    """Name of the run."""
    suffix: str
    """Text appended to the names of experiment folders; empty: none."""
    settings: Osmo
    """What jobs request from OSMO."""
    workflows: tuple[WorkflowEntry, ...]
    """The workflows in the order in which they are submitted."""


_HEAD = [name for name in OsmoIndex.__struct_fields__ if name != "workflows"]
_OF_RUNS = ("url", "token_env", "poll", "settle", "log_lines")
"""Settings that change no file of a run."""
_decoder = msgspec.json.Decoder(OsmoIndex)


def encode(index: OsmoIndex) -> bytes:
    """The bytes of the file: one line for each key, workflow and task."""
    enc = msgspec.json.encode
    head = {key: getattr(index, key) for key in _HEAD} | {"settings": _kept(index.settings)}
    lines = [f'"{key}":'.encode() + enc(value) for key, value in head.items()]
    return b"{%s,\n%s\n]}\n" % (
        b",\n".join(lines),
        b'"workflows":[\n' + b",\n".join(map(_workflow, index.workflows)),
    )


def _kept(settings: Osmo) -> dict[str, Any]:
    """The settings by field; without those of `pbt-run` alone that have their default."""
    usual = Osmo(pool="")
    return {
        key: value
        for key, value in values(settings).items()
        if key not in _OF_RUNS or value != getattr(usual, key)
    }


def _workflow(entry: WorkflowEntry) -> bytes:
    enc = msgspec.json.encode
    head = enc(msgspec.structs.replace(entry, tasks=()))
    tasks = b",\n".join(map(enc, entry.tasks))
    return head.removesuffix(b"]}") + b"\n" + tasks + b"\n]}"


def decode(data: bytes) -> OsmoIndex | None:
    """The index in these bytes; None if there is none: `index_check.read` says why."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def values(settings: Osmo) -> dict[str, Any]:
    """The settings by field, as JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(settings)
    return found
