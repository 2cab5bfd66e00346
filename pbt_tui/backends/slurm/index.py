"""The SLURM side of a spec: what is set for it, and the index of the files that come of it.

Must not know what a script looks like, nor any cluster. Units are bytes and seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from pbt_tui.spec.types import Count, Frozen, JobId, Positive, Seconds, Text

FORMAT: Final = "pbt-slurm-index/1"

Prefix = Literal["plain", "apptainer", "pyxis"]


class Slurm(Frozen, frozen=True):
    """How jobs are asked of SLURM. Each field is an option `--slurm_<field>`.

    The seven of the original launcher keep their names and defaults.
    """

    gpus_per_job: Count = 1
    """On each node of a job; a job's own `resources` go before."""
    cpus_per_gpu: Count = 16
    partition: Text | None = None
    account: Text | None = None
    qos: Text | None = None
    time: Seconds | None = None
    """Limit of one start, in seconds; SLURM counts in minutes. None: the partition's default."""
    memory: Count | None = None
    """Bytes on each node."""
    cpus: Count | None = None
    """Of one job; None: `cpus_per_gpu` for each GPU, and 1 without any."""
    gpu_type: Text | None = None
    constraint: Text | None = None
    exclude: Text | None = None
    """Nodes, as SLURM writes them: `n[1-3],n7`."""
    nodes: Positive = 1
    throttle: Count | None = None
    """Tasks of one array that run at once."""
    requeue: bool = False
    """Preemption, the loss of a node and exit code 75 queue a task again, inside its attempt."""
    max_requeues: Count = 50
    """Restarts after which exit code 75 is an end like any other."""
    signal: Text | None = None
    """`USR1@120`: sent to the program so many seconds before the time limit."""
    mail_user: Text | None = None
    mail_type: Text | None = None
    workdir: Text | None = None
    """Folder of what SLURM itself says of a task."""
    sbatch_template: str | None = None
    """Text of a template of the original launcher."""
    timeout: str = "0"
    """`$TIMEOUT` of that template, nothing else."""
    print_only: bool = False
    """`pbt-run` shows what it would submit."""
    files: bool = False
    """One script for each job instead of arrays."""
    max_array: Positive = 1000
    """Tasks of one array, at most."""
    container: Prefix = "plain"
    """What runs the image at this site."""
    image: Text | None = None
    """Where it is not the container's: a path of a `.sif` or `.sqsh` file."""
    prologue: tuple[str, ...] = ()
    """Lines of bash before each command, such as `module load cuda`: the site's own."""
    poll: Seconds = 15.0
    """Between two looks while something runs."""
    poll_pending: Seconds = 60.0
    """Between two looks while all is pending."""
    poll_floor: Seconds = 5.0
    """Never more often than that, whatever is asked."""
    sbatch_timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Of one `sbatch`: a full queue is two minutes of silence."""


class Array(Frozen, frozen=True):
    """One script: task `i` of it is the job `tasks[i]`."""

    script: Text
    manifest: Text
    shape: Text
    offset: Count
    """Line of the manifest that is task 0, from 0."""
    count: Positive
    tasks: tuple[JobId, ...]


class Index(Frozen, frozen=True):
    """What is in the folder `slurm/`, and all that it was made from but the process list."""

    format: Literal["pbt-slurm-index/1"]
    run: Text
    suffix: str
    settings: Slurm
    arrays: tuple[Array, ...]


_HEAD = [name for name in Index.__struct_fields__ if name != "arrays"]
_decoder = msgspec.json.Decoder(Index)


def encode(index: Index) -> bytes:
    """The file's bytes: a line for each key, and one for each script."""
    enc = msgspec.json.encode
    head = [b'"%s":%s' % (key.encode(), enc(getattr(index, key))) for key in _HEAD]
    arrays = b",\n".join(map(enc, index.arrays))
    return b"{" + b",\n".join(head) + b',\n"arrays":[\n' + arrays + b"\n]}\n"


def decode(data: bytes) -> Index | None:
    """The index, or None where the bytes are none: `slurm.validate` says why."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def values(settings: Slurm) -> dict[str, Any]:
    """By field."""
    return msgspec.structs.asdict(settings)
