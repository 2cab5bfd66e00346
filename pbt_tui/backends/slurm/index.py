"""The SLURM side of a spec: what is set for it, and the index of the files that come of it.

Must not know what a script looks like, nor any cluster. Units are bytes and seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from pbt_tui.spec.types import MOST, Count, Frozen, JobId, Positive, Seconds, Text

FORMAT: Final = "pbt-slurm-index/1"

Prefix = Literal["plain", "apptainer", "pyxis"]


class Slurm(Frozen, frozen=True):
    """How jobs are asked of SLURM. Each field is an option `--slurm_<field>`.

    The seven of the original launcher keep their names and defaults.
    """

    gpus_per_job: Count = 1
    """GPUs on each node of a job; `resources.gpus` of a job overrides it."""
    cpus_per_gpu: Count = 16
    """CPUs for each GPU of a job."""
    partition: Text | None = None
    """Partition that the jobs are submitted to; `null`: the cluster's."""
    account: Text | None = None
    """Account that is charged; `null`: the user's."""
    qos: Text | None = None
    """Quality of service; `null`: the account's."""
    time: Seconds | None = None
    """Time limit of one start in seconds; SLURM counts in minutes. `null`: the partition's
    default."""
    memory: Count | None = None
    """Bytes of memory on each node; `null`: the partition's default."""
    cpus: Count | None = None
    """CPUs of one job; `null`: `cpus_per_gpu` for each GPU, and 1 without any."""
    gpu_type: Text | None = None
    """Type of GPU, such as `a100`; `null`: any."""
    constraint: Text | None = None
    """Features that nodes must have; `null`: none."""
    exclude: Text | None = None
    """Nodes to leave out, as SLURM writes them: `n[1-3],n7`; `null`: none."""
    nodes: Positive = 1
    """Nodes of each job."""
    throttle: Count | None = None
    """Tasks of one array that SLURM may run at the same time; `null`: all."""
    requeue: bool = False
    """SLURM requeues a task, inside its attempt, after preemption, the loss of a node and exit
    code 75."""
    max_requeues: Count = 50
    """Maximum restarts inside an attempt; afterwards exit code 75 counts as a failure."""
    signal: Text | None = None
    """Signal that SLURM sends to the program some seconds before the time limit: `USR1@120`;
    `null`: none."""
    mail_user: Text | None = None
    """Address that gets mail from SLURM; `null`: nobody."""
    mail_type: Text | None = None
    """Events that mail is sent for, such as `END,FAIL`; `null`: SLURM's default."""
    workdir: Text | None = None
    """Folder for the output of SLURM itself about each task; `null`: inside the run directory."""
    sbatch_template: str | None = None
    """Text of a template of the upstream launcher; `null`: none."""
    timeout: str = "0"
    """Value of `$TIMEOUT` in that template; nothing else uses it."""
    print_only: bool = False
    """`pbt-run` only shows what it would submit."""
    files: bool = False
    """Each job gets a script of its own instead of a place in an array."""
    max_array: Positive = 1000
    """Maximum number of tasks in one array."""
    container: Prefix = "plain"
    """What starts the container image at this site; `plain`: nothing, jobs are plain processes."""
    image: Text | None = None
    """Image, or path of a `.sif` or `.sqsh` file; `null`: the image of the container."""
    prologue: tuple[str, ...] = ()
    """Lines of bash that run before each command, such as `module load cuda`: the site's own."""
    poll: Seconds = 15.0
    """Seconds between two questions to SLURM while a job runs."""
    poll_pending: Seconds = 60.0
    """Seconds between two questions to SLURM while all jobs are pending."""
    poll_floor: Seconds = 5.0
    """Least seconds between two questions to SLURM, whatever else is set."""
    sbatch_timeout: Annotated[float, Meta(gt=0, lt=MOST)] = 30.0
    """Seconds that one call of `sbatch` may take; it retries for two minutes at a full queue."""


class Array(Frozen, frozen=True):
    """One script: task `i` of it is the job `tasks[i]`."""

    script: Text
    """Name of the script in the folder `slurm/`."""
    manifest: Text
    """Name of the file in `slurm/` that holds the commands, a line for each job."""
    shape: Text
    """What the tasks ask of SLURM, in short; tasks of one array ask for the same."""
    offset: Count
    """Line of the manifest that is task 0, from 0."""
    count: Positive
    """Number of tasks."""
    tasks: tuple[JobId, ...]
    """Ids of the jobs, in the order of their tasks."""


class Index(Frozen, frozen=True):
    """What is in the folder `slurm/`, and all that it was made from but the process list."""

    format: Literal["pbt-slurm-index/1"]
    """Name and version of the format."""
    run: Text
    """Name of the run."""
    suffix: str
    """Text after the names of experiment folders; empty: none."""
    settings: Slurm
    """How jobs are asked of SLURM."""
    arrays: tuple[Array, ...]
    """The scripts in the order in which they are submitted."""


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
