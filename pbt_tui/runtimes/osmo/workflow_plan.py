"""Makes the workflows of a batch of attempts: files with the commands of these attempts.

Pure. A workflow has the attempts of one population, or some of a sweep; its name is made of the
run directory, the content and the numbers of the attempts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from pbt_tui.backends.osmo import render, restart
from pbt_tui.backends.osmo.osmo_index import Osmo
from pbt_tui.backends.osmo.osmo_names import workflow_name
from pbt_tui.backends.osmo.restart import ContinuedAttempt
from pbt_tui.runtimes.going_on import of_launch
from pbt_tui.runtimes.osmo.workflow_records import Name, TaskAttempt, WorkflowSubmission
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Job, Processes


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """What all workflows of a run have in common."""

    spec: Processes
    """The run."""
    settings: Osmo
    """Settings of the OSMO backend."""
    run_id: str
    """8 hex digits of the run directory."""

    def pieces(self, names: Sequence[Name]) -> list[list[Name]]:
        """The attempts of each workflow, in plan order."""
        numbers = dict(names)
        jobs = tuple(job for job in self.spec.jobs if job.id in numbers)
        some = msgspec.structs.replace(self.spec, jobs=jobs)
        found = render.pieces(some, self.settings)
        return [[(job.id, numbers[job.id]) for job in piece.jobs] for piece in found]

    def made(
        self, names: Sequence[Name], launches: Mapping[Name, Launch]
    ) -> tuple[WorkflowSubmission, bytes]:
        """The record and the file of one workflow; the same attempts always get the same name."""
        numbers = dict(names)
        continued: dict[str, ContinuedAttempt] = {}
        jobs = []
        for job in self.spec.jobs:
            launch = launches.get((job.id, numbers.get(job.id, 0)))
            if launch is not None and (told := self._continued(launch)) is not None:
                continued[job.id] = told  # it has the arguments of the attempt
                launch = replace(launch, argv=launch.spec.argv)
            jobs.append(_own(job, launch))
        # the names of tasks depend on all jobs of the run
        whole = msgspec.structs.replace(self.spec, jobs=tuple(jobs))
        maker = render.Maker(whole, self.settings, continued)
        some = tuple(job for job in jobs if job.id in numbers)
        [piece] = render.pieces(msgspec.structs.replace(self.spec, jobs=some), self.settings)
        workflow = maker.workflow(piece)
        attempts = msgspec.json.encode([[job, number] for job, number in names])
        content = msgspec.json.encode(msgspec.structs.replace(workflow, name=""))
        folder = render.folder_of(self.spec)
        name = workflow_name(folder, self.run_id.encode(), content, attempts)
        tasks = tuple(TaskAttempt(maker.names[job], job, number) for job, number in names)
        text = render.text(msgspec.structs.replace(workflow, name=name), self.settings)
        return WorkflowSubmission(name, tasks), text

    def _continued(self, launch: Launch) -> ContinuedAttempt | None:
        """What the script of an attempt is told; None: OSMO does not start it again, or anew."""
        told = of_launch(launch) if self.settings.reschedule is not None else None
        if told is None:
            return None
        if not posixpath.isabs(self.spec.train_dir):  # the tasks see it elsewhere
            population = next(p for p in self.spec.populations if launch.job in p.members)
            folder = restart.workspace(self.spec, population, self.settings.workdir)
            told = told._replace(recorded=folder)
        return ContinuedAttempt(launch.attempt, told)


def _own(job: Job, launch: Launch | None) -> Job:
    """The job with the command and the variables of one attempt."""
    if launch is None:
        return job
    return msgspec.structs.replace(job, argv=launch.argv, env=dict(launch.env))
