"""The `#SBATCH` lines of a script: the resources and options that one shape of jobs requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.quoting import directive
from pbt_tui.spec import Job, Processes

MIN_SIGNAL, MAX_SIGNAL = 1, 65535
SIGNALS = ("USR1", "USR2", "HUP")
"""The allowed early signals. SLURM also sends TERM for a cancel, and programs that bash runs in the
background ignore INT and QUIT."""
_SIGNAL = re.compile(r"(?:B:)?(?:SIG)?([A-Z0-9]+)@([0-9]{1,9})", re.ASCII)
_KIB = 1024
"""The smallest unit of a memory request: it is rounded up to whole KiB."""
_UNITS = (("T", 2**40), ("G", 2**30), ("M", 2**20))
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class ResourceShape:
    """Jobs that request the same resources; `name` can be part of a file name."""

    name: str
    gpus: int
    cpus: int
    memory: int | None
    """Bytes; None: the partition's default."""
    jobs: tuple[Job, ...] = ()


def needs(job: Job, settings: Slurm) -> tuple[int, int, int | None]:
    """GPUs, CPUs and memory of one job; at least one CPU, even if a setting says 0 (D38)."""
    own = job.resources
    gpus = settings.gpus_per_job if own is None or own.gpus is None else own.gpus
    cpus = own.cpus if own is not None and own.cpus is not None else _cpus(gpus, settings)
    memory = own.memory if own is not None and own.memory is not None else settings.memory
    return gpus, cpus, memory if memory is None else -(-memory // _KIB) * _KIB


def _cpus(gpus: int, settings: Slurm) -> int:
    return max(1, settings.cpus if settings.cpus is not None else settings.cpus_per_gpu * gpus)


def shape_name(gpus: int, cpus: int, memory: int | None, settings: Slurm) -> str:
    """A short name such as `gpu1`, `cpu4` or `gpu2-cpu4-mem8g`, without values of the settings."""
    name = f"gpu{gpus}" if gpus else f"cpu{cpus}"
    if gpus and cpus != _cpus(gpus, settings):
        name += f"-cpu{cpus}"
    if memory is not None and memory != settings.memory:
        name += f"-mem{size(memory).lower()}"
    return name


def early(settings: Slurm) -> tuple[str, int] | None:
    """The early signal and its seconds before the limit; None: there is none.

    Raises `ValueError` if the setting has another form.
    """
    if settings.signal is None:
        return None
    found = _SIGNAL.fullmatch(settings.signal)
    if not found or found[1] not in SIGNALS or not MIN_SIGNAL <= int(found[2]) <= MAX_SIGNAL:
        raise ValueError(settings.signal)
    return found[1], int(found[2])


def run_name(spec: Processes) -> str:
    return f"{spec.run}_{spec.suffix}" if spec.suffix else spec.run


def job_name(text: str) -> str:
    """`text` as a job name, with `_` for characters that mean something in patterns or tables."""
    return _UNNAMED.sub("_", text)


def size(count: int) -> str:
    """A number of bytes in SLURM's notation: `8G`, `1536M`, or whole KiB, rounded up."""
    for unit, factor in _UNITS:
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{-(-count // _KIB)}K"


def limit(seconds: float) -> str:
    """A time limit in SLURM's notation: `04:00:00` or `2-00:00:00`; seconds are rounded up."""
    whole = int(-(-seconds // 1))
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock


def directives(
    spec: Processes, settings: Slurm, shape: ResourceShape, count: int, name: str | None = None
) -> Iterator[str]:
    """The `#SBATCH` lines of one script. A script for one job (`files`) gets no `--array`."""
    yield directive("job-name", job_name(name or run_name(spec)))
    for option, value in (
        ("partition", settings.partition),
        ("account", settings.account),
        ("qos", settings.qos),
        ("reservation", settings.reservation),
        ("constraint", settings.constraint),
        ("exclude", settings.exclude),
    ):
        if value is not None:
            yield directive(option, value)
    if settings.time is not None:
        yield directive("time", limit(settings.time))
    if settings.sbatch_template is None or settings.nodes != 1:  # a template may have these lines
        yield directive("nodes", settings.nodes)
        yield directive("ntasks-per-node", 1)
    yield directive("cpus-per-task", shape.cpus)
    if shape.memory is not None:
        yield directive("mem", size(shape.memory))
    if shape.gpus:
        of_type = f"{settings.gpu_type}:" if settings.gpu_type else ""
        yield directive("gres", f"gpu:{of_type}{shape.gpus}")
    if not settings.files:
        throttle = "" if settings.throttle is None else f"%{settings.throttle}"
        yield directive("array", f"0-{count - 1}{throttle}")
    signal = early(settings)
    if signal:
        yield directive("signal", f"B:{signal[0]}@{signal[1]}")
    yield f"#SBATCH --{'requeue' if settings.requeue or signal else 'no-requeue'}"
    yield directive("open-mode", "append")
    if settings.workdir is not None:
        folder = settings.workdir.replace("%", "%%").rstrip("/") or "/"
        yield directive("output", f"{folder}/{'%j' if settings.files else '%A_%a'}.out")
    if settings.mail_user is not None:
        yield directive("mail-user", settings.mail_user)
    if settings.mail_type is not None:
        yield directive("mail-type", settings.mail_type)
