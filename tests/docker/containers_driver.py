"""The smallest loop around the docker runtime: launches, and waits for facts as executors do."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker.client import DockerRuntime
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Started
from pbt_tui.spec import Container, Job, Policy, Resources

PATIENCE = 60.0
"""Seconds after which a test has hung; nothing is asserted about how long things take."""
BUSYBOX = "pbt-busybox:test"


@dataclass
class Driver:
    folder: Path
    run_id: str
    container: Container = field(default_factory=lambda: Container(image=BUSYBOX, network="none"))
    policy: Policy = field(default_factory=lambda: Policy(experiments_per_gpu=1, grace=1.0))
    known_gpus: tuple[Gpu, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    engine_before: str | None = None
    jobs: tuple[Job, ...] = ()

    def __post_init__(self) -> None:
        import os

        self.rundir = RunDir(self.folder / "train_dir" / "run" / "_pbt")
        self.said: list[str] = []
        self.all: list[Fact] = []
        self.runtime = DockerRuntime(
            self.rundir,
            self.container,
            run_id=self.run_id,
            run="run",
            plan="sha256:plan",
            cwd=self.folder,
            train_dir=self.folder / "train_dir",
            policy=self.policy,
            known_gpus=self.known_gpus,
            environ={**os.environ, **self.environ},
            engine_before=self.engine_before,
            progress=self.said.append,
        )

    def prepare(self, *jobs: Job) -> Driver:
        self.rundir.logs.mkdir(parents=True, exist_ok=True)
        self.runtime.prepare(jobs)
        return self

    def of(self, *argv: str, job: str = "job", attempt: int = 1, **more: Any) -> Launch:
        needs = more.pop("needs", None)
        spec = Job(
            id=job, experiment="e", name=job, argv=argv, env={}, dir="", params={}, resources=needs
        )
        fields: dict[str, Any] = {
            "job": job,
            "attempt": attempt,
            "argv": argv,
            "env": {},
            "cwd": self.folder,
            "log": self.rundir.log(job, attempt),
            "claim": self.rundir.claim(job, attempt),
            "gpus": (),
            "spec": spec,
        }
        return Launch(**{**fields, **more})

    def start(self, *argv: str, **more: Any) -> None:
        self.runtime.launch([self.of(*argv, **more)])

    def turn(self, seconds: float = PATIENCE) -> list[Fact]:
        wake = self.runtime.next_wake()
        wait = seconds if wake is None else max(0.0, min(seconds, wake - time.monotonic()))
        select.select([self.runtime.fileno()], [], [], wait)
        facts = self.runtime.facts()
        self.all += facts
        return facts

    def wait(self, done: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"waited in vain: {self.all}"
            self.turn(1.0)

    def ended(self, job: str = "job") -> Ended | None:
        found = [f for f in self.all if isinstance(f, Ended) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def started(self, job: str = "job") -> Started | None:
        found = [f for f in self.all if isinstance(f, Started) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def end(self, job: str = "job") -> Ended:
        self.wait(lambda: self.ended(job))
        found = self.ended(job)
        assert found is not None
        return found

    def begin(self, job: str = "job") -> str:
        self.wait(lambda: self.started(job))
        found = self.started(job)
        assert found is not None
        return found.handle

    def run(self, *argv: str, **more: Any) -> Ended:
        self.start(*argv, **more)
        return self.end(more.get("job", "job"))

    def log(self, job: str = "job", attempt: int = 1) -> str:
        return self.rundir.log(job, attempt).read_text()


def needs(**more: Any) -> Resources:
    return Resources(**more)
