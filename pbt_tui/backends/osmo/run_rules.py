"""The rules of all workflows of a run, and settings without effect on OSMO.

Codes PBT933 to PBT940, and those of each workflow (`document_rules`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from pbt_tui.backends.osmo import document_rules, lead, quantities, render, templating
from pbt_tui.backends.osmo.osmo_index import Osmo
from pbt_tui.backends.osmo.render import WorkflowPiece
from pbt_tui.backends.osmo.task_rules import at, error_of, is_below
from pbt_tui.backends.osmo.workflow import Workflow, all_tasks
from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import SHM, Container, Job, Population, Processes

LONGEST_WORD = 131_071
"""Bytes of one argument that Linux passes to a program."""
_WITHOUT_A_PLACE = ("user", "mounts", "shm_size", "network", "ulimits")
_OF_THE_SHELL = frozenset(
    ("PWD", "OLDPWD", "IFS", "PPID", "OPTIND", "LINENO", "SHLVL", "_", "UID", "EUID", "ENV")
)
"""Variables that a shell sets itself, or reads before it runs anything."""
_TASK = re.compile(r"/workflow/(groups/0/)?tasks/(\d+)(/|$)")


def check(spec: Processes, settings: Osmo) -> list[Diagnostic]:
    """All findings. A finding that applies to several jobs is reported for the first one only."""
    if spec.container is None:
        message = "no image is set, but OSMO needs one to run a job"
        return [finding("PBT925", message, hint="pass `--image NAME:TAG`")]
    found = [*_settings(spec, settings)]
    if settings.reschedule and error_of(quantities.exit_codes, settings.reschedule):
        return found
    for i, population in enumerate(spec.populations):
        if render.is_group(population):
            found += _population(spec, population, settings, at(f"/populations/{i}"))
    found += [*_sweep(spec, settings), *_jobs(spec, settings)]
    if any(d.code == "PBT912" for d in found):
        return found
    try:
        made = list(render.workflows(spec, settings))
    except UnicodeEncodeError:
        return found  # no file can contain it; another rule reports that
    reading = WorkflowReading(max_tasks=settings.max_tasks, shared=settings.shared)
    told = {(d.code, d.message) for d in found}
    for piece, workflow in made:
        for d in document_rules.of_workflow(workflow, reading):
            # rules of the process list report secrets; `_population` says where members meet
            if d.code in ("PBT921", "PBT919") or (d.code, d.message) in told:
                continue
            told.add((d.code, d.message))
            found.append(replace(d, where=_place(d.where, piece, workflow)))
    return found


def _place(where: Where, piece: WorkflowPiece, workflow: Workflow) -> Where:
    """The job of a task, instead of a pointer into its workflow."""
    found = _TASK.match(where.pointer or "")
    offset = len(all_tasks(workflow)) - len(piece.jobs)
    if found is None or not 0 <= (k := int(found[2]) - offset) < len(piece.jobs):
        return Where()
    return _of(piece.jobs[k])


def _of(job: Job) -> Where:
    return Where(experiment=job.experiment, job=job.id)


# -- settings --------------------------------------------------------------------------------------


def _settings(spec: Processes, settings: Osmo) -> Iterator[Diagnostic]:
    container, usual = spec.container, Container(image="usual")
    names = [n for n in _WITHOUT_A_PLACE if getattr(container, n) != getattr(usual, n)]
    if container is not None and container.shm_size == SHM:
        names.remove("shm_size")  # nobody asked for it
    if names:
        message = f"a workflow cannot contain {', '.join(f'`{name}`' for name in names)}"
        yield finding("PBT937", message, hint="OSMO has `--osmo_mount`, and templates of its pools")
    if settings.reschedule and (why := error_of(quantities.exit_codes, settings.reschedule)):
        yield finding("PBT922", f"`--osmo_reschedule`: {why}")
    for folder in settings.shared:
        if not folder.startswith("/") or ".." in folder.split("/"):
            message = f"`--osmo_shared {printable(folder)}` is no absolute path"
            yield finding("PBT917", message)
    limits = (
        ("timeout", render.time_limit(spec, settings)),
        ("osmo_queue_timeout", settings.queue_timeout),
    )
    for name, limit in limits:
        if limit is None:
            continue
        if limit <= 0:
            yield finding("PBT923", f"`--{name}` is no time: nothing would run")
        elif quantities.seconds(text := quantities.duration(limit)) != limit:
            message = f"`--{name}`: {limit:g} seconds become `{text}`"
            hint = "OSMO stores whole days, hours, minutes or seconds so that it can read them"
            yield finding("PBT935", message, hint=hint)
    yield from _credentials(spec, settings)


def _credentials(spec: Processes, settings: Osmo) -> Iterator[Diagnostic]:
    sources = render.sources(spec, settings)
    by_variable: dict[str, str] = {}
    for source in sources:
        shown = printable(source.variable)
        if source.variable in by_variable:
            yield finding("PBT940", f"two credentials set variable `{shown}`")
        by_variable[source.variable] = source.name
    folders = {use.name for use in settings.credential if use.folder is not None}
    for name in dict.fromkeys(source.name for source in sources):
        if name in folders:
            message = f"credential `{printable(name)}` gives variables or a folder, and not both"
            yield finding("PBT940", message)
    for variable in render.env_from(spec):
        if variable not in by_variable:
            shown = printable(variable)
            message = f"no credential sets `{shown}` of `--env_from`"
            hint = f"pass `--osmo_credential NAME:KEY:{shown}`, or `--osmo_credential NAME`"
            yield finding("PBT940", message, hint=hint)


# -- populations and the sweep ---------------------------------------------------------------------


def _population(
    spec: Processes, population: Population, settings: Osmo, where: Where
) -> Iterator[Diagnostic]:
    name = printable(population.id)
    count = len(population.members) + (settings.lead == "task")
    if count > settings.max_tasks:
        message = f"population `{name}` needs {count} tasks in one workflow"
        message += f", and a workflow has at most {settings.max_tasks}"
        hint = "a population cannot be split; `--osmo_max_tasks` is for a service that allows more"
        yield finding("PBT912", message, where=where, hint=hint)
    if settings.priority == "LOW":
        message = f"OSMO may preempt each member of population `{name}` without notice"
        hint = "`--osmo_priority NORMAL` is never preempted"
        yield finding("PBT933", message, where=where, hint=hint)
    jobs = {job.id: job for job in spec.jobs}
    members = [jobs[m] for m in population.members if m in jobs]
    gpus = sum(render.needs(spec, job, settings)[0] for job in members)
    if settings.guarantee is not None and gpus > settings.guarantee and settings.priority != "LOW":
        message = f"population `{name}` needs {gpus} GPUs at once"
        message += f", and the pool guarantees {settings.guarantee}"
        yield finding("PBT934", message, where=where, hint="OSMO refuses such a group")
    for text in (spec.train_dir, spec.run):
        if templating.has_mark(text):
            message = f"`{printable(text)}` is a part of a path that OSMO would change"
            yield finding("PBT902", message, where=where, hint="choose a name without `{{`")
    for job in members:
        for variable in job.env:
            if variable.startswith(lead.RESERVED):
                message = f"the script of a population uses variables like `{printable(variable)}`"
                yield finding("PBT920", message, where=_of(job))
    folders = [_root(spec, settings)]
    folders.append(posixpath.normpath(posixpath.join(folders[0], population.workspace)))
    for folder in folders:
        if why := _unshared(folder, settings):
            message = f"the members of population `{name}` share `{printable(folder)}`, {why}"
            yield finding("PBT919", message, where=where, hint=_MEET)
            return


_MEET = "pass `--train_dir /mnt/team/train_dir --osmo_mount /mnt/team`"


def _root(spec: Processes, settings: Osmo) -> str:
    return posixpath.normpath(posixpath.join(settings.workdir or "", spec.train_dir))


def _unshared(folder: str, settings: Osmo) -> str:
    """Why the tasks of a run do not share a folder; empty if they do."""
    if not folder.startswith("/"):
        return "which is relative: the image decides where it is"
    targets = [*settings.shared]
    for text in settings.mount:
        if not error_of(quantities.mount, text):
            targets.append(quantities.mount(text).target)
    if any(is_below(folder, posixpath.normpath(target)) for target in targets):
        return ""
    return "which is below no mount"


def _sweep(spec: Processes, settings: Osmo) -> Iterator[Diagnostic]:
    if any(render.is_group(p) for p in spec.populations):
        return  # the same folder, of which `_population` says the same
    if why := _unshared(_root(spec, settings), settings):
        message = f"jobs write to `{printable(spec.train_dir)}`, {why}: it is lost with each pod"
        yield finding("PBT919", message, hint=_MEET, level="warning")


# -- jobs ------------------------------------------------------------------------------------------


def _jobs(spec: Processes, settings: Osmo) -> Iterator[Diagnostic]:
    if job := next((job for job in spec.jobs if "port" in job.fill), None):
        message = "on OSMO no program fills `{port}`"
        hint = "give the port as a number: each task on OSMO has its own network"
        yield finding("PBT328", message, where=_of(job), hint=hint)
    members = {m for p in spec.populations if render.is_group(p) for m in p.members}
    entry = spec.container.entrypoint or () if spec.container else ()
    told: set[str] = set()
    for job in spec.jobs:
        argv = (*entry, *job.argv)
        own = render.needs_shell(job, argv, settings)
        if not own and job.id not in members:
            continue
        for name in job.env:
            if name not in told and (why := _not_by_shell(name)):
                told.add(name)
                yield finding("PBT920", why, where=_of(job))
        if own:
            text = templating.shell_text(argv, job.env, [])
            if len(text.encode(errors="replace")) > LONGEST_WORD:
                message = "the command is too long for one argument of a shell"
                hint = "leave out text such as `{{`, or put it into a file"
                yield finding("PBT939", message, where=_of(job), hint=hint)


def _not_by_shell(name: str) -> str | None:
    """Why the shell that starts a job does not pass on a variable; None if it does."""
    shown = printable(name[:60])
    if not templating.is_identifier(name):
        return f"a shell starts this job, and drops variable `{shown}`: its name is no identifier"
    if name in _OF_THE_SHELL:
        return f"a shell starts this job, and sets variable `{shown}` itself"
    return None
