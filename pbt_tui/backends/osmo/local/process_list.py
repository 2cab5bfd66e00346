"""Makes a process list of a workflow. Pure: it reads no files.

A group is a group of our spec: its tasks start together, end with the lead, and share a network in
which each has its name. Exit actions are rules of the job, `RESCHEDULE` is a retry. What a task
writes to `{{output}}` lies in its folder below the folder of the run. A task that has the output of
another as an input sees that folder, and starts once the group of the other has succeeded.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec import structs

from pbt_tui.backends.osmo import quantities, restart, templating
from pbt_tui.backends.osmo.lead import SHELL
from pbt_tui.backends.osmo.local import task_files
from pbt_tui.backends.osmo.local.task_files import normal, within
from pbt_tui.backends.osmo.task_rules import at, key
from pbt_tui.backends.osmo.workflow import (
    ResourceRequest,
    TaskGroup,
    Workflow,
    WorkflowTask,
    all_tasks,
)
from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import (
    FORMAT,
    SHM,
    Cause,
    Container,
    ExitRule,
    Job,
    JobGroup,
    Mount,
    OwnContainer,
    Policy,
    Population,
    Processes,
    Resources,
)

OUTPUT = "/osmo/data/output"
"""Where a task finds the folder that `{{output}}` names."""
INPUTS = "/osmo/data/input"
"""Where it finds those that `{{input:N}}` names, each by its number."""
_THEN: Mapping[str, Literal["succeed", "fail", "retry"]] = {
    "COMPLETE": "succeed",
    "FAIL": "fail",
    "RESCHEDULE": "retry",
}
_CAUSES: tuple[tuple[range, Cause], ...] = (
    (range(3004, 3005), "oom"),
    (range(3000, 3004), "lost"),
    (range(4000, 4001), "lost"),
)
"""Exit codes of the service → the causes that stand for them here."""


@dataclass(frozen=True, slots=True)
class LocalRun:
    """Where and as what a workflow runs."""

    module: str
    """The file, for people."""
    train_dir: str
    """Root folder of what is written."""
    number: int = 1
    """The number that a service would have added to the name."""
    population: Population | None = None
    """The population whose members are the tasks, with the names of the tasks."""
    shells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Text of a shell that `pbt-compile` wrote → the same command as single words, to which a
    member that goes on can add its settings."""
    local_file: Callable[[str], bytes] | None = None
    """Reads a file beside the workflow. Raises `ValueError` if it cannot."""
    cpus: int | None = None
    """Processors that this machine has; None: unknown."""


def process_list(reading: WorkflowReading, run: LocalRun) -> tuple[Processes, list[Diagnostic]]:
    """The process list of a workflow that has no error, and what is wrong on this machine."""
    assert reading.document is not None
    return _Maker(reading, reading.document.workflow, run).made()


class _Maker:
    def __init__(self, reading: WorkflowReading, workflow: Workflow, run: LocalRun) -> None:
        self._reading = reading
        self._workflow = workflow
        self._run = run
        self._id = f"{workflow.name}-{run.number}"
        self._found: list[Diagnostic] = []

    def made(self) -> tuple[Processes, list[Diagnostic]]:
        workflow = self._workflow
        groups = {
            f"/workflow/groups/{i}/tasks/{k}": group
            for i, group in enumerate(workflow.groups)
            for k in range(len(group.tasks))
        }
        tasks = all_tasks(workflow)
        jobs = tuple(self._job(task, here, groups.get(here)) for here, task in tasks)
        population = self._run.population
        if population is not None:
            index = {name: k for k, name in enumerate(population.members)}
            jobs = tuple(
                structs.replace(job, population=population.id, member=index[job.id])
                if job.id in index
                else job
                for job in jobs
            )
        made = Processes(
            format=FORMAT,
            run=workflow.name,
            module=self._run.module,
            train_dir=self._run.train_dir,
            policy=self._policy(jobs),
            container=Container(image=tasks[0][1].image, entrypoint=(), shm_size=SHM),
            populations=() if population is None else (population,),
            jobs=jobs,
            groups=tuple(
                JobGroup(
                    id=group.name,
                    lead=next((t.name for t in group.tasks if _is(t.lead)), group.tasks[0].name),
                    fails_together=group.ignoreNonleadStatus in (False, "false"),
                )
                for group in workflow.groups
            ),
        )
        return made, self._reading.placed(self._found)

    def _policy(self, jobs: tuple[Job, ...]) -> Policy:
        gpus = _gpus_at_once(jobs)
        limits = self._workflow.timeout
        limit = None if limits is None else limits.exec_timeout
        codes = [
            ends
            for _, task in all_tasks(self._workflow)
            for action, text in task.exitActions.items()
            if action.upper() == "RESCHEDULE"
            for ends in quantities.exit_codes(text)
        ]
        causes = [
            cause
            for known, cause in _CAUSES
            if any(a < known.stop and known.start <= b for a, b in codes)
        ]
        return Policy(
            num_gpus=gpus,
            gpus_per_job=0,
            experiments_per_gpu=1 if gpus else -1,
            max_parallel=len(jobs),
            pause_between=0.0,
            retry_on=tuple(dict.fromkeys(causes)),
            retry_delay=1.0,
            timeout=None if limit is None else float(quantities.seconds(limit)),
        )

    def _job(self, task: WorkflowTask, here: str, group: TaskGroup | None) -> Job:
        values = {"workflow_id": self._id, "output": OUTPUT}
        for other in group.tasks if group is not None else (task,):
            values[f"host:{other.name}"] = other.name if group is not None else "localhost"
        for i, one in enumerate(task.inputs):
            values[f"input:{i}"] = values[f"input:{one.task}"] = f"{INPUTS}/{i}"
        task = _with_tokens(task, values)
        env: dict[str, str] = {}
        for name, value in task.environment.items():
            if name != restart.VARIABLE:
                env[name] = templating.by_kubernetes(value, env)
        words = (*task.command, *task.args)
        if "\0" in "".join((*words, *env, *env.values())):
            message = "a word or a variable holds a NUL character"
            self._found.append(finding("PBT956", message, where=at(here)))
        folder = f"{self._workflow.name}/{task.name}"
        mounts = self._mounts(task, here, folder)
        return Job(
            id=task.name,
            experiment=self._workflow.name if group is None else group.name,
            name=task.name,
            argv=tuple(self._words([templating.by_kubernetes(word, env) for word in words])),
            env=env,
            dir=folder,
            params={},
            resources=self._resources(task),
            group=None if group is None else group.name,
            after=_needed((task,) if group is None else group.tasks),
            on_exit=tuple(_rules(task)),
            container=OwnContainer(
                image=task.image,
                mounts=mounts,
                files=tuple(
                    task_files.files(
                        task, here, OUTPUT, mounts, self._run.local_file, self._found.append
                    )
                ),
                isolated=True,
            ),
        )

    def _words(self, words: list[str]) -> list[str]:
        """The command, with the words of a shell in place of its text, where they are known.

        Without the script that looks for a generation: the executor does so.
        """
        known = self._run.shells.get(words[-1])
        if known and words[-3:-1] == [SHELL, "-c"]:
            return [*words[:-3], *known]
        return restart.without(words)

    def _resources(self, task: WorkflowTask) -> Resources:
        asked = self._workflow.resources.get(task.resource, ResourceRequest())
        have = self._run.cpus
        if have is not None and asked.cpu is not None and int(asked.cpu) > have:
            place = at(f"/workflow/resources/{key(task.resource)}/cpu")
            message = f"`cpu: {asked.cpu}` is more than the {have} of this machine"
            found = finding("PBT955", message, where=place, hint=f"ask for at most {have}")
            self._found += [] if found in self._found else [found]
        memory = None if asked.memory is None else quantities.size(asked.memory)
        return Resources(
            gpus=int(asked.gpu or 0),
            cpus=None if asked.cpu is None else int(asked.cpu),
            memory=memory or None,
        )

    def _mounts(self, task: WorkflowTask, here: str, folder: str) -> tuple[Mount, ...]:
        output = posixpath.join(self._run.train_dir, folder)
        made = [Mount(output, OUTPUT)]
        for i, one in enumerate(task.inputs):
            source = posixpath.join(self._run.train_dir, self._workflow.name, one.task or "")
            made.append(Mount(source, f"{INPUTS}/{i}", read_only=True))
        for i, text in enumerate(task.volumeMounts):
            source, target = quantities.mount(text)
            if within(target, "/osmo"):
                message, place = (
                    "`/osmo` is the folder of the service",
                    at(f"{here}/volumeMounts/{i}"),
                )
                self._found.append(finding("PBT954", message, where=place))
            made.append(Mount(source, normal(target)))
        made += [
            Mount(shared, shared)
            for shared in self._reading.shared
            if all(not within(shared, mount.target) for mount in made)
        ]
        return tuple(made)


def _needed(tasks: Sequence[WorkflowTask]) -> tuple[str, ...]:
    """The tasks whose outputs these have as inputs."""
    return tuple(dict.fromkeys(one.task for task in tasks for one in task.inputs if one.task))


def _gpus_at_once(jobs: Sequence[Job]) -> int:
    """The most GPUs that tasks need at the same time, of those that wait for as many others."""
    depths: dict[tuple[str, str], int] = {}
    unit = {job.id: ("group", job.group) if job.group else ("job", job.id) for job in jobs}
    needs: Counter[int] = Counter()
    for job in jobs:  # what a task needs is before it
        depth = 1 + max((depths[unit[name]] for name in job.after), default=-1)
        depths[unit[job.id]] = depth
        needs[depth] += job.resources.gpus or 0 if job.resources else 0
    return max(needs.values(), default=0)


def _is(flag: object) -> bool:
    return flag in (True, "true")


def _rules(task: WorkflowTask) -> Iterator[ExitRule]:
    for action, codes in task.exitActions.items():
        for first, last in quantities.exit_codes(codes):
            if first <= quantities.SIGNALLED:
                yield ExitRule(_THEN[action.upper()], first, min(last, quantities.SIGNALLED))


def _with_tokens(task: WorkflowTask, values: Mapping[str, str]) -> WorkflowTask:
    """The task with its tokens put in, in each text: as the service does."""

    def put(value: Any) -> Any:
        if isinstance(value, str):
            return templating.with_tokens(value, values) if "{{" in value else value
        if isinstance(value, dict):
            return {key: put(item) for key, item in value.items()}
        return [put(item) for item in value] if isinstance(value, list | tuple) else value

    return msgspec.convert(put(msgspec.to_builtins(task)), WorkflowTask)


def mounted(spec: Processes) -> dict[str, str]:
    """Folders of this machine that tasks see → the first task that does."""
    found: dict[str, str] = {}
    for job in spec.jobs:
        for mount in job.container.mounts if job.container is not None else ():
            if not within(mount.target, "/osmo"):
                found.setdefault(mount.source, job.id)
    return found


def pointer_of(workflow: Workflow, name: str, part: str) -> str:
    """The JSON pointer of a part of a task."""
    return next(f"{here}/{key(part)}" for here, task in all_tasks(workflow) if task.name == name)
