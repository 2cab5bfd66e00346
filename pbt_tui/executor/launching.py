"""Resolves the launch of an attempt: command, environment, folder, log and GPU pinning.

Must not start anything: `--dry_run` prints the same value that a runtime gets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from pbt_tui.executor.gpu_selection import mask
from pbt_tui.executor.interpreter import Interpreters, first_on_path
from pbt_tui.journal import RunDir
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import GoesOn, Launch
from pbt_tui.scheduler.job_ports import RENDEZVOUS, wants_port
from pbt_tui.spec import Job, Policy, merged


def command_of(job: Job, attempt: Attempt, prefix: int = 0) -> tuple[str, ...]:
    """The command of an attempt, with its own arguments, and its port in place of `{port}`.

    Without a port the command stays as it is: on other machines, the node fills it.

    Args:
        job: The job.
        attempt: The attempt.
        prefix: Number of words before the command; no argument of an attempt concerns them.
    """
    argv = job.argv
    if attempt.args:
        argv = (*argv[:prefix], *merged(argv[prefix:], attempt.args))
    if attempt.port is None or "port" not in job.fill:
        return argv
    return tuple(word.replace("{port}", str(attempt.port)) for word in argv)


def environment_of(job: Job, attempt: Attempt, elsewhere: Collection[str] = ()) -> dict[str, str]:
    """The variables of an attempt: those of its job over its own, and its rendezvous port.

    Args:
        job: The job.
        attempt: The attempt.
        elsewhere: Variables that the attempt gets from elsewhere.
    """
    env = {**attempt.env, **job.env} if attempt.env else dict(job.env)
    if attempt.port is not None and wants_port(job, elsewhere):
        for name in RENDEZVOUS:
            env.setdefault(name, str(attempt.port))
    return env


class ProcessLaunches:
    """Makes the launches of plain processes of one run."""

    def __init__(
        self,
        rundir: RunDir,
        cwd: Path,
        policy: Policy,
        environ: Mapping[str, str],
        prefix: int = 0,
        python: str | None = None,
        elsewhere: Collection[str] = (),
    ) -> None:
        self._rundir = rundir
        self._cwd = cwd
        self._pinned = policy.experiments_per_gpu >= 1
        self._environ = environ
        self._prefix = prefix
        """Number of arguments before the command whose interpreter is resolved."""
        self._interpreters = Interpreters(python)
        self._elsewhere = elsewhere

    def __call__(self, job: JobState, attempt: Attempt) -> Launch:
        spec = job.spec
        env = environment_of(spec, attempt, self._elsewhere)
        environ = {**self._environ, **env}
        command = command_of(spec, attempt, self._prefix)
        words, folder = self._interpreters.resolve(command[self._prefix :], environ)
        argv = (*command[: self._prefix], *words)
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
            seq=attempt.seq,
        )


class ForeignLaunches:
    """Makes the launches of attempts that start in a container or on another node.

    There, the image or the node provides the interpreter, and the engine or SLURM pins the GPUs.
    """

    def __init__(
        self,
        rundir: RunDir,
        cwd: Path,
        prefix: int = 0,
        *,
        drop: bool = False,
        elsewhere: Collection[str] = (),
        goes_on: Callable[[JobState, Attempt], GoesOn | None] = lambda job, attempt: None,
    ) -> None:
        self._rundir = rundir
        self._cwd = cwd
        self._prefix = prefix
        """Number of arguments before the command."""
        self._drop = drop
        """Whether they are left out, because the place starts commands in its own way."""
        self._elsewhere = elsewhere
        self._goes_on = goes_on
        """What an attempt goes on from, where the place may start it again by itself."""

    def __call__(self, job: JobState, attempt: Attempt) -> Launch:
        spec = job.spec
        argv = command_of(spec, attempt, self._prefix)
        if self._drop:
            argv = argv[self._prefix :]
            spec = msgspec.structs.replace(spec, argv=spec.argv[self._prefix :])
        return Launch(
            job=spec.id,
            attempt=attempt.number,
            argv=argv,
            env=environment_of(spec, attempt, self._elsewhere),
            cwd=self._cwd,
            log=self._rundir.log(spec.id, attempt.number),
            claim=self._rundir.claim(spec.id, attempt.number),
            gpus=attempt.gpus,
            spec=spec,
            seq=attempt.seq,
            goes_on=self._goes_on(job, attempt),
        )
