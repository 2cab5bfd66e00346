"""The settings of backend `slurm`, and the index of its files. Units are bytes and seconds."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from pbt_tui.spec.types import MOST, Count, Frozen, JobId, Positive, Seconds, Text

FORMAT: Final = "pbt-slurm-index/1"

Prefix = Literal["plain", "apptainer", "pyxis"]


class Slurm(Frozen, frozen=True):
    """What jobs request from SLURM. Each field is an option `--slurm_<field>`.

    The seven options of the upstream launcher keep their names and defaults.
    """

    gpus_per_job: Count = 1
    """GPUs on each node of a job; `resources.gpus` of a job overrides it."""
    cpus_per_gpu: Count = 16
    """CPUs for each GPU of a job."""
    partition: Text | None = None
    """Partition that the jobs are submitted to; `null`: the cluster's default
    partition."""
    account: Text | None = None
    """Account that is charged; `null`: the user's default account."""
    qos: Text | None = None
    """Quality of service (QOS); `null`: the account's default QOS."""
    time: Seconds | None = None
    """Time limit in seconds, counted anew after each requeue; SLURM counts in minutes. `null`: the
    partition's default."""
    memory: Count | None = None
    """Bytes of memory on each node; `null`: the partition's default."""
    cpus: Count | None = None
    """CPUs of each job; `null`: `cpus_per_gpu` for each GPU, or 1 without GPUs."""
    gpu_type: Text | None = None
    """Type of GPU, such as `a100`; `null`: any."""
    reservation: Text | None = None
    """Reservation whose nodes the jobs use; `null`: none."""
    constraint: Text | None = None
    """Features that nodes must have; `null`: none."""
    exclude: Text | None = None
    """Nodes to leave out, as SLURM writes them: `n[1-3],n7`; `null`: none."""
    nodes: Positive = 1
    """Nodes of each job."""
    throttle: Count | None = None
    """Maximum number of tasks of one array that SLURM runs at the same time; `null`: all."""
    requeue: bool = False
    """After preemption, a node failure or exit code 75, SLURM requeues the task within the same
    attempt."""
    max_requeues: Count = 50
    """Maximum restarts of one attempt; afterwards exit code 75 counts as a failure."""
    signal: Text | None = None
    """Signal that SLURM sends to the program some seconds before the time limit, such as
    `USR1@120`; `null`: none."""
    mail_user: Text | None = None
    """Address that SLURM sends mail to; `null`: none."""
    mail_type: Text | None = None
    """Events for which SLURM sends mail, such as `END,FAIL`; `null`: SLURM's default."""
    workdir: Text | None = None
    """Folder for the output files that SLURM writes; `null`: inside the run directory."""
    sbatch_template: str | None = None
    """Text of a script template of the upstream launcher; `null`: none."""
    timeout: str = "0"
    """Value of `$TIMEOUT` in `sbatch_template`; nothing else uses it."""
    print_only: bool = False
    """`pbt-run` prints what it would submit, and submits nothing."""
    files: bool = False
    """Write one script for each job instead of job arrays."""
    max_array: Positive = 1000
    """Maximum number of tasks in one array."""
    container: Prefix = "plain"
    """How nodes start the container: `apptainer`, `pyxis`, or `plain` (no container)."""
    image: Text | None = None
    """Image, or path of a `.sif` or `.sqsh` file; `null`: the image of the container."""
    prologue: tuple[str, ...] = ()
    """Lines of bash that run before each command, such as `module load cuda`."""
    poll: Seconds = 15.0
    """Seconds between two status queries to SLURM while a job runs."""
    poll_pending: Seconds = 60.0
    """Seconds between two status queries to SLURM while all jobs are pending."""
    poll_floor: Seconds = 5.0
    """Minimum seconds between two status queries, whatever `poll` and `poll_pending` say."""
    sbatch_timeout: Annotated[float, Meta(gt=0, lt=MOST)] = 30.0
    """Seconds that one call of `sbatch` may take; `sbatch` itself retries for two minutes when the
    queue is full."""


class Array(Frozen, frozen=True):
    """One array script: its task `i` is the job `tasks[i]`."""

    script: Text
    """Name of the script in the folder `slurm/`."""
    manifest: Text
    """Name of the file in `slurm/` that holds the commands, a line for each job."""
    shape: Text
    """Short text of the resources that the tasks request, the same for all tasks of an array."""
    offset: Count
    """Line of the manifest that is task 0, from 0."""
    count: Positive
    """Number of tasks."""
    tasks: tuple[JobId, ...]
    """Ids of the jobs, in the order of their tasks."""


class Index(Frozen, frozen=True):
    """The contents of the folder `slurm/`, and the settings that it was made from."""

    format: Literal["pbt-slurm-index/1"]
    """Name and version of the format."""
    run: Text
    """Name of the run."""
    suffix: str
    """Text appended to the names of experiment folders; empty: none."""
    settings: Slurm
    """What jobs request from SLURM."""
    arrays: tuple[Array, ...]
    """The scripts in the order in which they are submitted."""


_HEAD = [name for name in Index.__struct_fields__ if name != "arrays"]
_LATER = ("reservation",)
"""Settings that an earlier version of pbt_tui lacked: left out while `null`, so that what it
compiled stays the same bytes."""
_decoder = msgspec.json.Decoder(Index)


def encode(index: Index) -> bytes:
    """The bytes of the file: one line for each key and each script."""
    enc = msgspec.json.encode
    parts = {key: getattr(index, key) for key in _HEAD}
    parts["settings"] = {
        name: value
        for name, value in values(index.settings).items()
        if name not in _LATER or value is not None
    }
    head = [b'"%s":%s' % (key.encode(), enc(part)) for key, part in parts.items()]
    arrays = b",\n".join(map(enc, index.arrays))
    return b"{" + b",\n".join(head) + b',\n"arrays":[\n' + arrays + b"\n]}\n"


def decode(data: bytes) -> Index | None:
    """The index in these bytes; None if there is none: `index_check.read` says why."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def values(settings: Slurm) -> dict[str, Any]:
    """The settings by field."""
    return msgspec.structs.asdict(settings)
