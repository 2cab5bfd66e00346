"""Renders the workflow files of a run, and the index that lists them.

Must not let the service, a shell or Kubernetes change a word of a command: `templating` says how.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from pbt_tui.backends.osmo import lead, restart, templating, yaml_text
from pbt_tui.backends.osmo.files import FOLDER, INDEX
from pbt_tui.backends.osmo.osmo_index import (
    FORMAT,
    MOST_TASKS,
    NamedTask,
    Osmo,
    OsmoIndex,
    WorkflowEntry,
    decode,
    encode,
    values,
)
from pbt_tui.backends.osmo.osmo_names import POPULATION_GROUP, WAITER, task_names, workflow_name
from pbt_tui.backends.osmo.quantities import duration, size_text
from pbt_tui.backends.osmo.workflow import (
    ResourceRequest,
    TaskGroup,
    TimeLimits,
    Workflow,
    WorkflowFile,
    WorkflowTask,
)
from pbt_tui.errors import BadSpec, Where
from pbt_tui.populations import STYLES
from pbt_tui.spec import Job, Population, Processes

_WAITER_RESOURCE = "waiter"


class WorkflowPiece(NamedTuple):
    """The jobs of one workflow."""

    file: str
    """Its path."""
    jobs: tuple[Job, ...]
    population: Population | None
    """The population, if the jobs are its members."""


def pieces(spec: Processes, settings: Osmo) -> list[WorkflowPiece]:
    """The workflows of a run, in plan order: one for each population, and parts of the sweep."""
    jobs = {job.id: job for job in spec.jobs}
    groups = {p.id: p for p in spec.populations if is_group(p)}
    of = {member: p for p in groups.values() for member in p.members}
    alone = [job for job in spec.jobs if job.id not in of]
    made: list[WorkflowPiece] = []
    for k, population in enumerate(groups.values()):
        members = tuple(jobs[m] for m in population.members if m in jobs)
        made.append(WorkflowPiece(f"{FOLDER}/population-{k:03d}.yaml", members, population))
    for k, start in enumerate(range(0, len(alone), settings.max_tasks)):
        some = tuple(alone[start : start + settings.max_tasks])
        made.append(WorkflowPiece(f"{FOLDER}/sweep-{k:03d}.yaml", some, None))
    order = {job.id: i for i, job in enumerate(spec.jobs)}
    return sorted((p for p in made if p.jobs), key=lambda p: order[p.jobs[0].id])


def is_group(population: Population) -> bool:
    """Whether the members of a population are several jobs, which run in one group."""
    return STYLES.get(population.style).members_are_jobs and len(population.members) > 1


def folder_of(spec: Processes) -> str:
    """The name of the run with its suffix."""
    return f"{spec.run}_{spec.suffix}" if spec.suffix else spec.run


class Maker:
    """Makes the workflows of one run.

    Args:
        spec: The run.
        settings: The settings.
        continued: What members are told that OSMO may start again; None: what the spec says.
    """

    def __init__(
        self,
        spec: Processes,
        settings: Osmo,
        continued: Mapping[str, restart.ContinuedAttempt] | None = None,
    ) -> None:
        self._spec = spec
        self._settings = settings
        self.names = task_names([job.id for job in spec.jobs])
        self._credentials = credentials(spec, settings)
        self._actions = {"RESCHEDULE": settings.reschedule} if settings.reschedule else {}
        self._marks = lead.marks_folder(spec.train_dir, spec.run, settings.workdir)
        if settings.reschedule is None:
            continued = {}
        elif continued is None:
            continued = restart.of_spec(spec, settings.workdir)
        self._continued = continued

    def workflow(self, piece: WorkflowPiece) -> Workflow:
        """The workflow of some jobs."""
        resources: dict[str, ResourceRequest] = {}
        wanted = [self._resource(job, resources) for job in piece.jobs]
        if piece.population is None:
            rows = zip(piece.jobs, wanted, strict=True)
            parts: dict[str, Any] = {
                "tasks": tuple(self._task(j, r, self.command(j)) for j, r in rows)
            }
        else:
            parts = {"groups": (self._group(piece, wanted, resources),)}
        bare = Workflow(name="", resources=resources, timeout=self._timeout(), **parts)
        digest = msgspec.json.encode(bare)
        return msgspec.structs.replace(bare, name=workflow_name(folder_of(self._spec), digest))

    def _group(
        self, piece: WorkflowPiece, wanted: Sequence[str], resources: dict[str, ResourceRequest]
    ) -> TaskGroup:
        settings, marks = self._settings, self._marks
        again = lead.started_again(settings.reschedule)
        names = [self.names[job.id] for job in piece.jobs]
        tasks = []
        for k, (job, resource) in enumerate(zip(piece.jobs, wanted, strict=True)):
            name, argv = names[k], self.command(job)
            leads = k == 0 and settings.lead == "member"
            if leads:
                argv = lead.lead_words(marks, name, settings.lead_wait, again, names[1:], argv)
            else:
                argv = lead.member_words(marks, name, argv)
            tasks.append(self._task(job, resource, argv, leads=leads))
        if settings.lead == "task":
            platform = settings.platform
            resources[_WAITER_RESOURCE] = ResourceRequest(cpu=1, gpu=0, platform=platform)
            words = lead.waiter_words(marks, WAITER, settings.lead_wait, again, names)
            tasks.insert(0, self._container(WAITER, _WAITER_RESOURCE, words, {}, leads=True))
        return TaskGroup(
            name=POPULATION_GROUP, barrier=True, ignoreNonleadStatus=True, tasks=tuple(tasks)
        )

    def _task(
        self, job: Job, resource: str, argv: Sequence[str], *, leads: bool = False
    ) -> WorkflowTask:
        name = self.names[job.id]
        env = {k: v for k, v in job.env.items() if not templating.has_mark(v)}
        if job.id in self._continued:
            env |= restart.variables(self._marks, name)
        return self._container(name, resource, argv, env, leads=leads, job=job)

    def _container(
        self,
        name: str,
        resource: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        leads: bool,
        job: Job | None = None,
    ) -> WorkflowTask:
        first, *rest = map(templating.dollars, argv)
        container = self._spec.container
        return WorkflowTask(
            name=name,
            image=container.image if container else "",
            lead=leads,
            resource=resource,
            command=(first,),
            args=tuple(rest),
            environment={k: templating.dollars(v) for k, v in env.items()},
            credentials=self._credentials if job else {},
            volumeMounts=self._settings.mount,
            exitActions=self._actions if job else {},
        )

    def command(self, job: Job) -> Sequence[str]:
        """The command of a job; through a shell where the file cannot hold a word as it is."""
        container = self._spec.container
        argv: Sequence[str] = (*(container.entrypoint or () if container else ()), *job.argv)
        if job.id in self._continued:
            argv = restart.words(self._continued[job.id], argv)
        if not needs_shell(job, argv, self._settings):
            return argv
        split = {k: v for k, v in job.env.items() if templating.has_mark(v)}
        workdir = self._settings.workdir
        before = [] if workdir is None else [f"cd {templating.quoted(workdir)} || exit 72"]
        return (lead.SHELL, "-c", templating.shell_text(argv, split, before))

    def _resource(self, job: Job, known: dict[str, ResourceRequest]) -> str:
        gpus, cpus, memory = needs(self._spec, job, self._settings)
        settings = self._settings
        name = f"gpu{gpus}" + (f"-cpu{cpus}" if cpus else "")
        name += f"-mem{size_text(memory).lower()}" if memory else ""
        known[name] = ResourceRequest(
            cpu=cpus,
            gpu=gpus,
            memory=size_text(memory) if memory else None,
            storage=size_text(settings.storage) if settings.storage else None,
            platform=settings.platform,
            nodesExcluded=settings.nodes_excluded,
        )
        return name

    def _timeout(self) -> TimeLimits | None:
        run = time_limit(self._spec, self._settings)
        wait = self._settings.queue_timeout
        if run is None and wait is None:
            return None
        return TimeLimits(
            exec_timeout=None if run is None else duration(run),
            queue_timeout=None if wait is None else duration(wait),
        )


def needs(spec: Processes, job: Job, settings: Osmo) -> tuple[int, int | None, int | None]:
    """GPUs, CPUs and bytes of memory of a job; None: the default of the pool."""
    own, box = job.resources, spec.container
    gpus = own.gpus if own is not None and own.gpus is not None else settings.gpus
    cpus = own.cpus if own is not None and own.cpus is not None else settings.cpus
    memory = own.memory if own is not None and own.memory is not None else settings.memory
    if cpus is None and box is not None and box.cpus is not None:
        cpus = math.ceil(box.cpus)
    if memory is None and box is not None:
        memory = box.memory
    return spec.policy.gpus_per_job if gpus is None else gpus, cpus, memory


def needs_shell(job: Job, argv: Sequence[str], settings: Osmo) -> bool:
    """Whether a shell has to start a job that is no member of a group."""
    words = (*argv, *job.env.values())
    return settings.workdir is not None or any(map(templating.has_mark, words))


def time_limit(spec: Processes, settings: Osmo) -> float | None:
    """Seconds that a group may run; None: the default of the pool."""
    return spec.policy.timeout if settings.timeout is None else settings.timeout


@dataclass(frozen=True, slots=True)
class _Source:
    """A variable, and the credential and key that it gets its value from."""

    variable: str
    name: str
    key: str


def sources(spec: Processes, settings: Osmo) -> list[_Source]:
    """The variables that credentials set, one entry for each time that one does."""
    named = [c for c in settings.credential if c.key is not None]
    found = [_Source(c.variable or c.key or "", c.name, c.key or "") for c in named]
    left = [v for v in env_from(spec) if v not in {s.variable for s in found}]
    bare = [c for c in settings.credential if c.key is None and c.folder is None]
    return found + [_Source(variable, c.name, variable) for c in bare for variable in left]


def env_from(spec: Processes) -> tuple[str, ...]:
    """The variables whose values are secret."""
    return spec.container.env_from if spec.container else ()


def credentials(spec: Processes, settings: Osmo) -> dict[str, str | dict[str, str]]:
    """The credentials of each task, as a workflow names them."""
    made: dict[str, str | dict[str, str]] = {}
    for use in settings.credential:
        if use.folder is not None:
            made[use.name] = use.folder
    for source in sources(spec, settings):
        of = made.setdefault(source.name, {})
        if isinstance(of, dict):
            of[source.variable] = source.key
    return made


def workflows(spec: Processes, settings: Osmo) -> Iterator[tuple[WorkflowPiece, Workflow]]:
    """Each workflow of the run."""
    maker = Maker(spec, settings)
    for piece in pieces(spec, settings):
        yield piece, maker.workflow(piece)


def text(workflow: Workflow, settings: Osmo) -> bytes:
    """The bytes of a workflow file."""
    comments = [f"shared: {yaml_text.scalar(folder)}" for folder in settings.shared]
    if settings.max_tasks != MOST_TASKS:
        comments.insert(0, f"max_tasks: {settings.max_tasks}")
    plain: Any = _texts(msgspec.to_builtins(WorkflowFile(workflow=workflow)))
    return yaml_text.encode(plain, tuple(comments))


def _texts(value: Any) -> Any:
    """The same with numbers and booleans as text, as the file has them."""
    if isinstance(value, dict):
        return {k: _texts(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_texts(v) for v in value]
    return value if isinstance(value, str) else str(value).lower()


def render(spec: Processes, settings: Osmo) -> dict[str, bytes]:
    """All files, by path."""
    files: dict[str, bytes] = {}
    entries = []
    names = task_names([job.id for job in spec.jobs])
    for piece, workflow in workflows(spec, settings):
        files[piece.file] = text(workflow, settings)
        entries.append(
            WorkflowEntry(
                file=piece.file.removeprefix(f"{FOLDER}/"),
                name=workflow.name,
                population=piece.population.id if piece.population else None,
                tasks=tuple(NamedTask(names[job.id], job.id) for job in piece.jobs),
            )
        )
    index = OsmoIndex(FORMAT, spec.run, spec.suffix, settings, tuple(entries))
    return {**files, INDEX: encode(index)}


def known(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The settings in the index of an earlier compilation.

    Raises `BadSpec` if it does not contain them.
    """
    if INDEX not in files:
        return {}
    index = decode(files[INDEX])
    if index is None:
        message = "its settings cannot be read"
        raise BadSpec(message, where=Where(file=INDEX), code="PBT820")
    return values(index.settings)
