"""What exactly is started for an attempt: command, environment, folder, log and pin, resolved.

Must not start it: what `--dry_run` prints is this value, and so is what a runtime is handed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pbt_tui.executor.gpu_selection import mask
from pbt_tui.executor.interpreter import first_on_path, resolve
from pbt_tui.journal import RunDir
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Job, Policy


def filled(job: Job, attempt: Attempt) -> tuple[str, ...]:
    """The command of an attempt: its port stands where the job asks for one.

    Without a port the command stays as it is: the node fills it where jobs run elsewhere.
    """
    if attempt.port is None or "port" not in job.fill:
        return job.argv
    return tuple(word.replace("{port}", str(attempt.port)) for word in job.argv)


class ProcessLaunches:
    """Makes the launches of plain processes of one run."""

    def __init__(
        self, rundir: RunDir, cwd: Path, policy: Policy, environ: Mapping[str, str]
    ) -> None:
        self._rundir = rundir
        self._cwd = cwd
        self._pinned = policy.experiments_per_gpu >= 1
        self._environ = environ

    def __call__(self, job: JobState, attempt: Attempt) -> Launch:
        spec = job.spec
        whole = {**self._environ, **spec.env}
        argv, folder = resolve(filled(spec, attempt), whole)
        env = dict(spec.env)
        if folder is not None:
            env["PATH"] = first_on_path(folder, whole.get("PATH"))
        # Last, because a variable of the job's own would make the slots a lie (defect D26).
        env.update(mask(attempt.gpus, self._pinned))
        return Launch(
            job=spec.id,
            attempt=attempt.number,
            argv=argv,
            env=env,
            cwd=self._cwd,
            log=self._rundir.log(spec.id, attempt.number),
            claim=self._rundir.claim(spec.id, attempt.number),
            gpus=attempt.gpus,
            spec=spec,
        )


class ForeignLaunches:
    """Makes the launches of what begins elsewhere: interpreter and pin are the image's and the
    engine's, or the node's and SLURM's."""

    def __init__(self, rundir: RunDir, cwd: Path) -> None:
        self._rundir = rundir
        self._cwd = cwd

    def __call__(self, job: JobState, attempt: Attempt) -> Launch:
        spec = job.spec
        return Launch(
            job=spec.id,
            attempt=attempt.number,
            argv=filled(spec, attempt),
            env=spec.env,
            cwd=self._cwd,
            log=self._rundir.log(spec.id, attempt.number),
            claim=self._rundir.claim(spec.id, attempt.number),
            gpus=attempt.gpus,
            spec=spec,
        )
