"""The runtime of one executor, and what exactly it is handed.

Must not start anything, nor know any runtime: each is made by the function that its kind names.
"""

from __future__ import annotations

from collections.abc import Callable

from pbt_tui.errors import BrokenKind, RuntimeUnavailable
from pbt_tui.executor import gpu_selection
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.launching import ForeignLaunches, ProcessLaunches
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.registry import words_of
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Launch, Runtime

Progress = Callable[[str], None]


def run_context(rundir: RunDir, state: RunState, config: ExecutorConfig, run_id: str) -> RunContext:
    """Asks the driver what there is; raises `RuntimeUnavailable` where more was asked for."""
    from pbt_tui.observe.nvml import devices

    found: tuple[Gpu, ...] = ()
    known = False
    if config.kind.local:
        found, known = gpu_selection.choose(config.policy, config.environ, devices())
    return RunContext(
        kind=config.kind,
        rundir=rundir,
        state=state,
        run_id=state.run_id or run_id,
        cwd=config.cwd,
        train_dir=config.train_dir,
        policy=config.policy,
        container=config.container,
        settings=config.settings,
        environ=config.environ,
        gpus=found,
        known=known,
    )


def launches(context: RunContext) -> Callable[[JobState, Attempt], Launch]:
    """What is handed to the runtime for an attempt."""
    prefix = len(context.state.spec.command_prefix)
    if not context.kind.plain:
        dropped = prefix if context.kind.has_queue else 0
        return ForeignLaunches(context.rundir, context.cwd, dropped)
    return ProcessLaunches(context.rundir, context.cwd, context.policy, context.environ, prefix)


def create_runtime(context: RunContext, progress: Progress = lambda line: None) -> Runtime:
    """Raises `RuntimeUnavailable` where the place cannot be what the run needs."""
    kind = context.kind
    runtime: Runtime = RUNTIMES.part(kind.name, kind.create)(context, progress)
    lacking = [word for word in words_of(Runtime) if not hasattr(runtime, word)]
    if lacking:
        raise BrokenKind("runtime", kind.name, kind.create, f"lacks `{'`, `'.join(lacking)}`")
    return runtime


def check_same_runtime(context: RunContext) -> None:
    """Active attempts are where the last executor left them: nobody else can know of them."""
    last, active = context.state.executor, context.state.active
    if last is not None and active and last.runtime != context.kind.name:
        raise RuntimeUnavailable(
            f"{len(active)} attempts are active in runtime `{last.runtime}`",
            hint=f"resume with `{RUNTIMES.get(last.runtime).option}`",
        )
