"""Rules for a whole process list: folders, commands, populations, resources, container.

Must not read this machine's state: preflight checks its disk, GPUs and container engine. The place
of a finding is in the process list; `compile_loaded` converts it to a line of the run module.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter

from pbt_tui.compiler import host_mounts, population_rules
from pbt_tui.diagnostics import credentials, finding
from pbt_tui.errors import Diagnostic, Level, Where, printable
from pbt_tui.spec import Container, Job, Policy, Processes

LONGEST_ARGUMENT = 131_071
"""Limit of Linux in bytes for one argument."""
_LONG = LONGEST_ARGUMENT // 4
"""Texts of at most so many characters stay below it in UTF-8."""
_TOGETHER = 100
"""Jobs whose commands are looked at as one text."""
_ARGV = attrgetter("argv")
_DEVICES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES")
_HOME = re.compile(r"/|~|\$HOME|\$\{HOME\}|/root|/home|/home/[^/]+|/Users/[^/]+")
_USER = re.compile(r"caller|image|\d+:\d+", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*", re.ASCII)


def check(spec: Processes, *, slots: bool = True) -> list[Diagnostic]:
    """All findings of all rules, in the order of the file.

    Without `slots`, leaves out the rules about GPU slots, which hold only for backend `processes`.
    """
    found = list(_run_name(spec))
    if slots:
        found += [*population_rules.check(spec), *_gpus(spec.policy), *_idle(spec)]
    if spec.container is not None:
        found += _container(spec.container)
    envs: set[int] = set()
    dirs: set[str] = set()
    needs: set[int] = set()
    odd = False
    for i, job in enumerate(spec.jobs):
        argv = job.argv
        if i % _TOGETHER == 0:
            odd = _has_odd_words(spec.jobs[i : i + _TOGETHER])
        if odd or not argv or not argv[0]:
            found += _command(i, job)
        if job.dir not in dirs:
            dirs.add(job.dir)
            found += _folder(i, job)
        if job.env and id(job.env) not in envs:  # jobs of one experiment share theirs
            envs.add(id(job.env))
            found += _environment(i, job, spec)
        if slots and job.resources is not None:
            found += _job_gpus(i, job, spec.policy)
            if id(job.resources) not in needs:
                needs.add(id(job.resources))
                found += _limits(i, job, spec.container)
    found += credentials.check(spec)
    return found


def _has_odd_words(jobs: Sequence[Job]) -> bool:
    """Whether the commands may have a NUL character, or an argument that is too long."""
    whole = "".join(chain.from_iterable(map(_ARGV, jobs)))
    return "\0" in whole or (
        len(whole) > _LONG and any(len("".join(job.argv)) > _LONG for job in jobs)
    )


def at(pointer: str, job: Job | None = None) -> Where:
    if job is None:
        return Where(pointer=pointer)
    return Where(pointer=pointer, experiment=job.experiment, job=job.id)


def folder(run: str, suffix: str = "") -> str:
    """The folder of a run below `--out`."""
    return f"{run}_{suffix}" if suffix else run


def _run_name(spec: Processes) -> Iterator[Diagnostic]:
    name = folder(spec.run, spec.suffix)
    problem = None
    if not spec.run:
        problem = "is empty"
    elif "/" in name:
        problem = "holds a `/`"
    elif name.startswith((".", "-")):
        problem = f"begins with `{name[0]}`"
    elif not name.isprintable():
        problem = "holds control characters"
    elif len(name.encode(errors="replace")) > 200:
        problem = "is longer than 200 bytes"
    if problem:
        message = f"run name `{printable(name[:80])}` {problem}, so it cannot name a folder"
        what = "`--experiment_suffix`" if spec.suffix else "`run_name`"
        yield finding("PBT220", message, where=at("/run"), hint=f"choose another {what}")


def _folder(i: int, job: Job) -> Iterator[Diagnostic]:
    if job.dir.startswith("/") or ".." in job.dir.split("/"):
        message = f"directory `{printable(job.dir)}` leaves `train_dir`"
        yield finding("PBT221", message, where=at(f"/jobs/{i}/dir", job))


def _command(i: int, job: Job) -> Iterator[Diagnostic]:
    for k, word in enumerate(job.argv):
        if "\0" in word:
            message = f"argument {k} holds a NUL character, which no command can contain"
            yield finding("PBT320", message, where=at(f"/jobs/{i}/argv/{k}", job))
        elif len(word) > _LONG and len(word.encode()) > LONGEST_ARGUMENT:
            message = (
                f"argument {k} has {len(word.encode())} bytes: the limit is {LONGEST_ARGUMENT}"
            )
            yield finding("PBT321", message, where=at(f"/jobs/{i}/argv/{k}", job))
    if not job.argv or not job.argv[0]:
        yield finding("PBT322", "the command is empty", where=at(f"/jobs/{i}/argv", job))


def _environment(i: int, job: Job, spec: Processes) -> Iterator[Diagnostic]:
    taken = spec.container.env_from if spec.container else ()
    for name, value in job.env.items():
        here = at(f"/jobs/{i}/env/{name.replace('~', '~0').replace('/', '~1')}", job)
        if "\0" in value:
            message = f"variable `{printable(name)}` holds a NUL character"
            yield finding("PBT320", message, where=here)
        if name in _DEVICES:
            pinned = spec.policy.experiments_per_gpu != -1
            message = f"the experiment sets `{name}`, which overrides the GPU that the job is given"
            hint = "leave it out, and use `--gpus` to choose among GPUs"
            level: Level = "error" if pinned else "warning"
            yield finding("PBT524", message, where=here, hint=hint, level=level)
        yield from credentials.in_variable(name, value, here)
        if name in taken:
            message = (
                f"the experiment and `--env_from` both set `{name}`: the experiment's value counts"
            )
            yield finding("PBT529", message, where=here)


def _gpus(policy: Policy) -> Iterator[Diagnostic]:
    if policy.gpus is not None:
        here = at("/policy/gpus")
        if len(set(policy.gpus)) < len(policy.gpus):
            yield finding("PBT521", "a GPU is listed twice", where=here)
        elif len(policy.gpus) < policy.num_gpus:
            message = f"`--num_gpus` is {policy.num_gpus}, but `--gpus` lists {len(policy.gpus)}"
            yield finding(
                "PBT521", message, where=here, hint="make `--num_gpus` and `--gpus` agree"
            )
    if policy.experiments_per_gpu == 0:
        message = "`--experiments_per_gpu 0` leaves no slot for any job"
        hint = "pass -1 to start jobs without choosing a GPU for them"
        yield finding("PBT520", message, where=at("/policy/experiments_per_gpu"), hint=hint)
    elif policy.experiments_per_gpu > 0 and policy.gpus_per_job > policy.num_gpus:
        message = f"a job needs {policy.gpus_per_job} GPUs, but `--num_gpus` is {policy.num_gpus}"
        yield finding("PBT520", message, where=at("/policy/gpus_per_job"))


def _idle(spec: Processes) -> Iterator[Diagnostic]:
    """A `max_parallel` below the number of slots: its default is 4 (D23)."""
    policy = spec.policy
    room = policy.num_gpus * policy.experiments_per_gpu // max(policy.gpus_per_job, 1)
    if policy.experiments_per_gpu > 0 and min(room, len(spec.jobs)) > policy.max_parallel:
        message = (
            f"there are slots for {room} jobs at once, but `max_parallel` is {policy.max_parallel}"
        )
        hint = f"pass `--max_parallel {min(room, len(spec.jobs))}`"
        yield finding("PBT533", message, where=at("/policy/max_parallel"), hint=hint)


def _job_gpus(i: int, job: Job, policy: Policy) -> Iterator[Diagnostic]:
    needs = job.resources.gpus if job.resources else None
    if needs is not None and needs > policy.num_gpus and policy.experiments_per_gpu > 0:
        message = f"the job needs {needs} GPUs, but `--num_gpus` is {policy.num_gpus}"
        yield finding("PBT520", message, where=at(f"/jobs/{i}/resources/gpus", job))


def _limits(i: int, job: Job, container: Container | None) -> Iterator[Diagnostic]:
    given = [n for n in ("cpus", "memory") if getattr(job.resources, n) is not None]
    if given and container is None:
        names = " and ".join(f"`{name}`" for name in given)
        message = f"without an image nothing limits the job to its {names}"
        yield finding("PBT532", message, where=at(f"/jobs/{i}/resources", job))


def _container(container: Container) -> Iterator[Diagnostic]:
    if not _IMAGE.fullmatch(container.image):
        message = f"`{printable(container.image)}` is not the name of an image"
        yield finding("PBT527", message, where=at("/container/image"))
    if not _USER.fullmatch(container.user):
        message = f"user `{printable(container.user)}` is not `caller`, `image` or `uid:gid`"
        yield finding("PBT526", message, where=at("/container/user"))
    targets: set[str] = set()
    for i, mount in enumerate(container.mounts):
        here = f"/container/mounts/{i}"
        yield from _source(mount.source, at(f"{here}/source"))
        yield from host_mounts.check(mount, at(f"{here}/source"))
        target, shown = posixpath.normpath(mount.target), printable(mount.target)
        if target in ("/", "//") or not target.startswith("/"):
            message = f"mount target `{shown}` is not an absolute path below `/`"
            yield finding("PBT523", message, where=at(f"{here}/target"))
        elif target in targets:
            message = f"two mounts have the target `{shown}`"
            yield finding("PBT525", message, where=at(f"{here}/target"))
        targets.add(target)
    for i, name in enumerate(container.env_from):
        if not _NAME.fullmatch(name):
            message = f"`{printable(name)}` is not the name of an environment variable"
            yield finding("PBT528", message, where=at(f"/container/env_from/{i}"))


def _source(source: str, here: Where) -> Iterator[Diagnostic]:
    shown = printable(source)
    plain = posixpath.normpath(source).replace("//", "/")
    if _HOME.fullmatch(plain):
        message = f"mounting `{shown}` gives the job access to all your files"
        yield finding("PBT522", message, where=here, hint="mount the folder that the job needs")
    elif not source.startswith(("/", "./", "../")) and source not in (".", ".."):
        message = f"mount source `{shown}` is neither absolute nor begins with `./`"
        hint = None if source[0] in "~$" else f"write `./{shown}`"
        yield finding("PBT523", message, where=here, hint=hint)
