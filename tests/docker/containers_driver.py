"""Drives the docker runtime as an executor does, with the test image."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker.client import DockerRuntime
from pbt_tui.spec import Container, Job, Policy, Resources
from tests.executor.driver import Driver

BUSYBOX = "pbt-busybox:test"


class ContainerDriver(Driver[DockerRuntime]):
    """Containers of one run; `said` are the runtime's progress messages."""

    def __init__(
        self,
        folder: Path,
        run_id: str,
        container: Container | None = None,
        policy: Policy | None = None,
        known_gpus: tuple[Gpu, ...] = (),
        environ: Mapping[str, str] | None = None,
        engine_before: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.container = container or Container(image=BUSYBOX, network="none")
        self.environ = dict(environ or {})
        self.said: list[str] = []
        rundir = RunDir(folder / "train_dir" / "run" / "_pbt")
        runtime = DockerRuntime(
            rundir,
            self.container,
            run_id=run_id,
            run="run",
            plan="sha256:plan",
            cwd=folder,
            train_dir=folder / "train_dir",
            policy=policy or Policy(experiments_per_gpu=1, grace=1.0),
            known_gpus=known_gpus,
            environ={**os.environ, **self.environ},
            engine_before=engine_before,
            progress=self.said.append,
        )
        super().__init__(runtime, rundir, folder)

    def prepare(self, *jobs: Job) -> ContainerDriver:
        self.rundir.attempts.mkdir(parents=True, exist_ok=True)
        self.runtime.prepare(jobs)
        return self


Drive = Callable[..., ContainerDriver]
"""Makes drivers of one run: the fixture `drive`."""


def needs(**more: Any) -> Resources:
    return Resources(**more)
