"""Where the attempts of a run are started: one runtime, and what exactly it is handed.

Must not start anything. The one place that knows every runtime; each is loaded only where used.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import gpu_selection as gpu_list
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.launching import ForeignLaunches, ProcessLaunches
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import Launch, Runtime
from pbt_tui.spec import digest

if TYPE_CHECKING:
    from pbt_tui.runtimes.docker.client import DockerRuntime
    from pbt_tui.runtimes.slurm.runtime import SlurmRuntime
    from pbt_tui.runtimes.slurm.submitter import SubmitOrder

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunContext:
    """What is settled before an executor does anything, and does not change while it lives."""

    rundir: RunDir
    state: RunState
    orders: ExecutorConfig
    run_id: str
    cwd: Path
    train_dir: Path
    gpus: tuple[Gpu, ...]
    known: bool
    """The GPUs were listed or seen, not taken on trust."""


def run_context(rundir: RunDir, state: RunState, orders: ExecutorConfig, run_id: str) -> RunContext:
    """Asks the driver what there is; raises `RuntimeUnavailable` where more was asked for."""
    from pbt_tui.observe.nvml import devices

    found: tuple[Gpu, ...] = ()
    known = False
    if orders.runtime != "slurm":  # there, those of this machine are not where jobs run
        found, known = gpu_list.choose(orders.policy, orders.environ, devices())
    return RunContext(
        rundir=rundir,
        state=state,
        orders=orders,
        run_id=state.run_id or run_id,
        cwd=Path(state.cwd) if state.cwd else orders.cwd,
        train_dir=Path(state.train_dir) if state.train_dir else orders.train_dir,
        gpus=found,
        known=known,
    )


def launches(here: RunContext) -> Callable[[JobState, Attempt], Launch]:
    """What is handed to the runtime for an attempt."""
    if here.orders.runtime != "process":
        return ForeignLaunches(here.rundir, here.cwd)
    return ProcessLaunches(here.rundir, here.cwd, here.orders.policy, here.orders.environ)


def create_runtime(here: RunContext, progress: Progress = lambda line: None) -> Runtime:
    """Raises `RuntimeUnavailable` where the place cannot be what the run needs."""
    if here.orders.runtime == "docker":
        return docker_runtime(here, progress)
    if here.orders.runtime == "slurm":
        return slurm_runtime(here)
    from pbt_tui.runtimes.process.runtime import ProcessRuntime

    return ProcessRuntime(
        here.rundir, environ=here.orders.environ, elsewhere=_elsewhere(here.state)
    )


def docker_runtime(here: RunContext, progress: Progress = lambda line: None) -> DockerRuntime:
    """The docker runtime, for those who ask it for its requests."""
    from pbt_tui.runtimes.docker.client import DockerRuntime

    assert here.orders.container is not None
    before = here.state.executor
    return DockerRuntime(
        here.rundir,
        here.orders.container,
        run_id=here.run_id,
        run=here.state.spec.run,
        plan=digest(here.state.spec),
        cwd=here.cwd,
        train_dir=here.train_dir,
        policy=here.orders.policy,
        known_gpus=here.gpus if here.known else (),
        environ=here.orders.environ,
        engine_before=before.engine_id if before and here.state.active else None,
        progress=progress,
    )


def slurm_runtime(here: RunContext) -> SlurmRuntime:
    from pbt_tui.runtimes.slurm.runtime import SlurmRuntime

    before = here.state.executor
    return SlurmRuntime(
        here.rundir,
        submit_order(here),
        run_id=here.run_id,
        environ=here.orders.environ,
        cluster_before=before.engine_id if before and here.state.active else None,
    )


def submit_order(here: RunContext) -> SubmitOrder:
    """What all arrays of the run have in common."""
    from pbt_tui.runtimes.slurm.submitter import SubmitOrder

    settings = here.orders.slurm
    assert settings is not None
    spec = msgspec.structs.replace(
        here.state.spec, train_dir=str(here.train_dir), container=here.orders.container
    )
    own = here.cwd / settings.workdir if settings.workdir else here.rundir.path
    return SubmitOrder(spec, settings, here.cwd, here.rundir.path, own / "slurm")


def same_place(here: RunContext) -> None:
    """Active attempts are where the last executor left them: nobody else can know of them."""
    last, active = here.state.executor, here.state.active
    if last is not None and active and last.runtime != here.orders.runtime:
        raise RuntimeUnavailable(
            f"{len(active)} attempts are active in runtime `{last.runtime}`",
            hint=f"resume with `{_option(last.runtime)}`",
        )


def _option(runtime: str) -> str:
    return "--backend slurm" if runtime == "slurm" else f"--runtime {runtime}"


def _elsewhere(state: RunState) -> str | None:
    """The host of the last executor, where that is not this one."""
    last = state.executor
    if last is None or last.host == socket.gethostname():
        return None
    return f"host `{last.host}`"
