"""The rules of backend `slurm`: settings that `sbatch` accepts although the jobs cannot work.

Must not depend on a cluster: `pbt-compile --ask` asks one. The pointers of findings point into the
index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pbt_tui.backends.slurm.command_prefix import image
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.render import shapes
from pbt_tui.backends.slurm.sbatch import MAX_SIGNAL, SIGNALS, early, job_name, needs, run_name
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.settings.argv import processes_per_node
from pbt_tui.spec import Processes

LONGEST = 1024
"""Maximum length of a name or a comment in SLURM, in bytes."""
HIGHEST_INDEX = 1000
"""Highest index of an array with SLURM's default `MaxArraySize`."""
SOON = 90
"""Minimum seconds from an early signal to the time limit: SLURM checks limits twice a minute."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TYPE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_TIMEOUT = re.compile(r"[A-Za-z0-9_.:+-]+", re.ASCII)
_CD = re.compile(r"(?:^|[;&|{(]|\bthen\b|\bdo\b)\s*(?:cd|pushd)(?:\s|$)")
_MAIL = frozenset(
    (
        *("NONE", "BEGIN", "END", "FAIL", "REQUEUE", "ALL", "INVALID_DEPEND", "STAGE_OUT"),
        *("ARRAY_TASKS", "TIME_LIMIT", "TIME_LIMIT_50", "TIME_LIMIT_80", "TIME_LIMIT_90"),
    )
)


def check(spec: Processes, settings: Slurm) -> list[Diagnostic]:
    """All findings. If none of them is an error, rendering does not fail."""
    return [
        *_values(settings),
        *_signal(settings),
        *_numbers(settings),
        *_arrays(spec, settings),
        *_folders(spec, settings),
        *_mail(settings),
        *_container(spec, settings),
        *_lines(settings),
        *_gpus(spec, settings),
    ]


def _gpus(spec: Processes, settings: Slurm) -> Iterator[Diagnostic]:
    """GPUs that another backend's option or `torchrun` counts, and that SLURM is not asked for."""
    here, mine, others = _at("gpus_per_job"), settings.gpus_per_job, spec.policy.gpus_per_job
    if others not in (1, mine):
        message = (
            f"`--gpus_per_job {others}` applies to backend `processes`: a job requests "
            f"{mine} GPUs from SLURM (`--slurm_gpus_per_job`)"
        )
        hint = f"pass `--slurm_gpus_per_job {others}`"
        yield finding("PBT642", message, where=here, hint=hint)
        return
    template = settings.sbatch_template
    supplied = processes_per_node(template.split()) if template is not None else None
    for job in {job.experiment: job for job in reversed(spec.jobs)}.values():
        started, gpus = supplied or processes_per_node(job.argv), needs(job, settings)[0]
        if started is not None and 0 < gpus < started[1]:
            message = (
                f"`{printable(started[0])}` starts {started[1]} processes on a node, but "
                f"job `{job.id}` requests {gpus} GPUs from SLURM"
            )
            hint = f"pass `--slurm_gpus_per_job {started[1]}`"
            yield finding("PBT642", message, where=here, hint=hint)
            return


def _lines(settings: Slurm) -> Iterable[Diagnostic]:
    """The findings about the template and the prologue."""
    if not settings.prologue and settings.sbatch_template is None:
        return ()
    from pbt_tui.backends.slurm import template_rules

    return template_rules.check(settings)


def _at(field: str) -> Where:
    return Where(pointer=f"/settings/{field}")


def _values(settings: Slurm) -> Iterator[Diagnostic]:
    texts = {
        "partition": settings.partition,
        "account": settings.account,
        "qos": settings.qos,
        "gpu_type": settings.gpu_type,
        "reservation": settings.reservation,
        "constraint": settings.constraint,
        "exclude": settings.exclude,
        "mail_user": settings.mail_user,
        "mail_type": settings.mail_type,
        "workdir": settings.workdir,
        "image": settings.image,
        **{f"prologue/{i}": line for i, line in enumerate(settings.prologue)},
    }
    for field, text in texts.items():
        if text is None:
            continue
        name, size = field.partition("/")[0], len(text.encode(errors="replace"))
        if _CONTROL.search(text if name != "prologue" else text.replace("\t", " ")):
            message = f"`--slurm_{name}` contains a line break or another control character"
            yield finding("PBT620", message, where=_at(field))
        elif size > LONGEST and name != "prologue":
            message = f"`--slurm_{name}` has {size} bytes: SLURM accepts {LONGEST}"
            yield finding("PBT620", message, where=_at(field))
    if not _TIMEOUT.fullmatch(settings.timeout):
        message = f"`--slurm_timeout` is not a time: `{printable(settings.timeout)}`"
        yield finding("PBT620", message, where=_at("timeout"), hint="write `4h`, or 0 for none")
    kind = settings.gpu_type
    if kind is not None and not _TYPE.fullmatch(kind):
        hint = "name the type alone, such as `a100`; the number is `--slurm_gpus_per_job`"
        message = f"`{printable(kind)}` is not a type of GPU"
        yield finding("PBT629", message, where=_at("gpu_type"), hint=hint)


def _signal(settings: Slurm) -> Iterator[Diagnostic]:
    here = _at("signal")
    try:
        signal = early(settings)
    except ValueError:
        message = f"early signal `{printable(settings.signal or '')}` does not reach the program"
        hint = f"write `USR1@120`: one of {', '.join(SIGNALS)}, and 1 to {MAX_SIGNAL} seconds"
        yield finding("PBT621", message, where=here, hint=hint)
        return
    if signal is None:
        return
    before, limit = signal[1], settings.time
    if limit and before >= limit:
        message = f"SLURM sends the early signal {before} s before a limit of {limit:g} s"
        yield finding("PBT622", message, where=here, hint="pass a longer `--slurm_time`")
    elif before < SOON:
        message = f"{before} s for the early signal are too few: SLURM checks limits twice a minute"
        hint = f"pass `--slurm_signal {signal[0]}@120`"
        yield finding("PBT623", message, where=here, hint=hint)


def _numbers(settings: Slurm) -> Iterator[Diagnostic]:
    if settings.time == 0:
        message = "`--slurm_time 0` means no limit to SLURM"
        yield finding("PBT627", message, where=_at("time"), hint="leave it out, or pass a limit")
    if settings.cpus == 0:
        message = "`--slurm_cpus 0` leaves a job without a CPU"
        yield finding("PBT628", message, where=_at("cpus"), hint="leave it out, or pass 1")
    if settings.memory == 0:
        message = "`--slurm_memory 0` requests all memory of a node"
        hint = "leave it out for the partition's default"
        yield finding("PBT628", message, where=_at("memory"), hint=hint)


def _arrays(spec: Processes, settings: Slurm) -> Iterator[Diagnostic]:
    throttle, most = settings.throttle, settings.max_array
    if most > HIGHEST_INDEX + 1 and not settings.files:
        message = f"arrays of {most} tasks: most clusters accept at most {HIGHEST_INDEX + 1}"
        yield finding("PBT624", message, where=_at("max_array"))
    if throttle is not None and (throttle == 0 or settings.files):
        why = "means no limit to SLURM" if throttle == 0 else "has no effect with `--files`"
        message = f"`--slurm_throttle {throttle}` {why}"
        yield finding("PBT625", message, where=_at("throttle"), hint="leave it out for no throttle")
    elif throttle is not None:
        for population in spec.populations:
            size = len(population.members)
            if throttle < size:
                message = (
                    f"population `{printable(population.id)}` has {size} members, but "
                    f"`--slurm_throttle {throttle}` lets {throttle} run at once"
                )
                hint = f"pass `--slurm_throttle {size}`, or leave it out"
                yield finding("PBT626", message, where=_at("throttle"), hint=hint)
        count = sum(-(-len(shape.jobs) // most) for shape in shapes(spec, settings))
        if count > 1:
            message = f"there are {count} arrays, and each may run {throttle} tasks at once"
            yield finding("PBT637", message, where=_at("throttle"))
    name = run_name(spec)
    if job_name(name) != name:
        message = f"SLURM shows the run as `{job_name(name)}`, not as `{printable(name)}`"
        yield finding("PBT631", message)


def _folders(spec: Processes, settings: Slurm) -> Iterator[Diagnostic]:
    if not settings.prologue and settings.sbatch_template is None:
        return
    from pbt_tui.backends.slurm import template_rules

    lines = template_rules.body(settings)
    field = "sbatch_template" if lines else "prologue"
    goes = any(_CD.search(line) for line in lines or settings.prologue)
    if goes and not spec.train_dir.startswith("/"):
        message = (
            f"`{field}` changes the folder (`cd`), "
            f"but `train_dir` is relative: `{printable(spec.train_dir)}`"
        )
        hint = "pass an absolute `--train_dir`, or leave out the `cd`"
        yield finding("PBT630", message, where=_at(field), hint=hint)


def _mail(settings: Slurm) -> Iterator[Diagnostic]:
    events = settings.mail_type
    if settings.mail_user is not None and events is None:
        message = "`--slurm_mail_user` without `--slurm_mail_type`: SLURM sends no mail"
        hint = "pass `--slurm_mail_type END,FAIL`"
        yield finding("PBT632", message, where=_at("mail_user"), hint=hint)
    for event in events.split(",") if events is not None else ():
        if event.strip().upper() not in _MAIL:
            message = f"SLURM sends no mail for `{printable(event)}`: it is not an event"
            hint = "name events such as `END,FAIL`"
            yield finding("PBT632", message, where=_at("mail_type"), hint=hint)


def _container(spec: Processes, settings: Slurm) -> Iterator[Diagnostic]:
    how, of = settings.container, image(spec, settings)
    here = _at("container")
    if how == "plain":
        if of is not None:
            message = f"jobs on SLURM run without the image `{printable(of)}`"
            hint = "pass `--slurm_container apptainer` or `pyxis` where the site has one of them"
            yield finding("PBT634", message, where=here, hint=hint)
        return
    if of is None:
        hint = "pass `--slurm_image NAME` or `--image NAME`"
        yield finding("PBT633", f"`{how}` has no image to run", where=here, hint=hint)
    elif how == "pyxis" and of.endswith(".sqsh") and not of.startswith(("/", "./")):
        message = f"pyxis reads `{printable(of)}` as the name of an image in a registry"
        yield finding("PBT633", message, where=_at("image"), hint=f"write `./{printable(of)}`")
    elif of.startswith("-"):
        message = f"`{printable(of)}` is not the name of an image"
        yield finding("PBT633", message, where=_at("image"))
    for path in _shown(spec):
        if "," in path or ":" in path or _CONTROL.search(path):
            message = (
                f"cannot mount `{printable(path)}`: it contains a `,`, a `:` or a control character"
            )
            yield finding("PBT635", message, where=here)


def _shown(spec: Processes) -> Sequence[str]:
    mounts = spec.container.mounts if spec.container else ()
    own = [spec.train_dir] if spec.train_dir.startswith("/") else []
    return [*own, *(path for mount in mounts for path in (mount.source, mount.target))]
