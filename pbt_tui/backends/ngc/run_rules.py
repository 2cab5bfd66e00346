"""The rules of all job requests of a run: shared workspaces, and settings without effect on NGC.

Codes PBT720 to PBT723, and those of each request (`ngc.rules`).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from pbt_tui.backends.ngc.render import PLACEHOLDER, is_mig, request
from pbt_tui.backends.ngc.request import encode
from pbt_tui.backends.ngc.rules import secrets_of, validate
from pbt_tui.backends.ngc.settings_struct import Ngc
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.populations import STYLES
from pbt_tui.spec import SHM, Container, Population, Processes

_WITHOUT_A_PLACE = (
    *("user", "mounts", "env_from", "shm_size", "memory", "cpus", "network", "ulimits"),
)


def check(spec: Processes, settings: Ngc) -> list[Diagnostic]:
    """All findings. A finding that applies to several jobs is reported for the first one only."""
    if spec.container is None:
        message = "no image is set, but NGC needs one to run a job"
        return [finding("PBT710", message, hint="pass `--image ORG/IMAGE:TAG`")]
    found = [*_container(spec), *_places(settings), *_populations(spec, settings)]
    if job := next((job for job in spec.jobs if "port" in job.fill), None):
        message = "on NGC no program fills `{port}`"
        where = Where(experiment=job.experiment, job=job.id)
        hint = "give the port as a number: each job on NGC has its own network"
        found.append(finding("PBT328", message, where=where, hint=hint))
    told: set[tuple[str, str, str | None]] = set()
    for job in spec.jobs:
        try:
            data = encode(request(spec, job, settings))
        except UnicodeEncodeError:
            continue  # no file can contain it; another rule reports that
        made, wrong = validate(data)
        for d in wrong:
            pointer = d.where.pointer
            if (d.code, d.message, pointer) in told or _of_the_experiment(d, settings):
                continue
            told.add((d.code, d.message, pointer))
            message = d.message if made is not None else f"`{pointer}` of its request: {d.message}"
            where = Where(experiment=job.experiment, job=job.id)
            found.append(replace(d, message=message, where=where))
    return found


def _of_the_experiment(d: Diagnostic, settings: Ngc) -> bool:
    """Whether the rules of the process list already reported this secret."""
    if d.code != "PBT705":
        return False
    _, key, number, *_ = f"{d.where.pointer}//".split("/")
    if key == "envs":
        return int(number) >= len(settings.env_var)
    return not any(secrets_of(settings.commandline, "/command"))


def _places(settings: Ngc) -> Iterator[Diagnostic]:
    """PBT723 for unknown placeholders, and for a command line without the command of the job."""
    for name, known in (("name", ("run", "name")), ("commandline", ("name", "experiment_cmd"))):
        text = getattr(settings, name)
        for place in PLACEHOLDER.finditer(text):
            if place[1] not in known:
                message = f"`--ngc_{name}` has an unknown placeholder: `{place[0]}`"
                yield finding("PBT723", message, hint=f"write `{{{{ {known[-1]} }}}}`")
    if "experiment_cmd" not in [place[1] for place in PLACEHOLDER.finditer(settings.commandline)]:
        message = "`--ngc_commandline` has no `{{ experiment_cmd }}`: no job would run its command"
        yield finding("PBT723", message)


def _container(spec: Processes) -> Iterator[Diagnostic]:
    container, usual = spec.container, Container(image="usual")
    names = [n for n in _WITHOUT_A_PLACE if getattr(container, n) != getattr(usual, n)]
    if spec.container is not None and spec.container.shm_size == SHM:
        names.remove("shm_size")  # nobody asked for it
    if any(job.resources is not None for job in spec.jobs):
        names.append("resources")
    if names:
        message = f"a job request cannot contain {', '.join(f'`{name}`' for name in names)}"
        hint = "NGC has `--ngc_workspace`, `--ngc_datasetid` and `--ngc_secret`"
        yield finding("PBT720", message, hint=hint)


def _populations(spec: Processes, settings: Ngc) -> Iterator[Diagnostic]:
    for i, population in enumerate(spec.populations):
        at = Where(pointer=f"/populations/{i}")
        name = printable(population.id)
        yield from _meeting(spec, population, settings, at)
        chosen = settings.preempt
        if chosen not in (None, "RESUMABLE") and not is_mig(settings.instance):
            message = f"the members of population `{name}` write checkpoints, but are `{chosen}`"
            yield finding("PBT722", message, where=at, hint="leave out `--ngc_preempt`")


def _meeting(
    spec: Processes, population: Population, settings: Ngc, at: Where
) -> Iterator[Diagnostic]:
    """PBT721 if the members of a population could not read each other's files."""
    if not STYLES.get(population.style).members_are_jobs:
        return  # one job, whose policies share its folder
    name = printable(population.id)
    start = _start(settings.commandline)
    folder = posixpath.normpath(posixpath.join(start, spec.train_dir, population.workspace))
    shared = [m.containerMountPoint for m in settings.workspace if m.mountMode != "RO"]
    hint = "pass `--train_dir /mount/train_dir --ngc_workspace ID:/mount:RW`"
    if not folder.startswith("/"):
        message = (
            f"the members of population `{name}` share `{printable(folder)}`, which is relative: "
            "the image decides where it is"
        )
        hint += ", or `--ngc_commandline 'cd /mount && {{ experiment_cmd }}'`"
    elif not any(_below(folder, place) for place in shared):
        message = f"the members of population `{name}` share `{printable(folder)}`, which is "
        own = _below(folder, settings.result)
        message += "inside the results of each job" if own else "in no read-write workspace"
    else:
        return
    yield finding("PBT721", message, where=at, hint=hint)


def _below(folder: str, place: str) -> bool:
    place = posixpath.normpath(place)
    return folder == place or folder.startswith(f"{place}/")


def _start(commandline: str) -> str:
    """The folder that the command line changes to first; empty: it stays in the image's folder."""
    found = re.match(r"\s*cd\s+(--\s+)?([^;&|]+?)\s*(&&|;)", commandline)
    try:
        words = shlex.split(found[2]) if found else []
    except ValueError:
        words = []
    return words[0] if len(words) == 1 else ""
