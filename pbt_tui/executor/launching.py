"""Resolves the launch of an attempt: command, environment, folder, log and GPU pinning.

Must not start anything: `--dry_run` prints the same value that a runtime gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pbt_tui.executor.gpu_selection import mask
from pbt_tui.executor.interpreter import first_on_path, resolve
from pbt_tui.journal import RunDir
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Policy


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
        environ = {**self._environ, **spec.env}
        argv, folder = resolve(spec.argv, environ)
        env = dict(spec.env)
        if folder is not None:
            env["PATH"] = first_on_path(folder, environ.get("PATH"))
        # Set last: a mask that the job sets itself would ignore its slots (defect D26).
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
    """Makes the launches of attempts that start in a container or on another node.

    There, the image or the node provides the interpreter, and the engine or SLURM pins the GPUs.
    """

    def __init__(self, rundir: RunDir, cwd: Path) -> None:
        self._rundir = rundir
        self._cwd = cwd

    def __call__(self, job: JobState, attempt: Attempt) -> Launch:
        spec = job.spec
        return Launch(
            job=spec.id,
            attempt=attempt.number,
            argv=spec.argv,
            env=spec.env,
            cwd=self._cwd,
            log=self._rundir.log(spec.id, attempt.number),
            claim=self._rundir.claim(spec.id, attempt.number),
            gpus=attempt.gpus,
            spec=spec,
        )
