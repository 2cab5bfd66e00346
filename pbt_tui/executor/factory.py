"""Creates the runtime of one executor, its context and the launches that it gets.

Must not start anything. The `create` function that a runtime kind names creates the runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pbt_tui.errors import BrokenKind, Diagnostic, RuntimeUnavailable
from pbt_tui.executor import continuing, ports
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.kept_shell import job_environment
from pbt_tui.executor.launching import ForeignLaunches, ProcessLaunches
from pbt_tui.executor.permits import MachinePermits
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.machine_slots import Holder
from pbt_tui.registry import words_of
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Launch, Runtime

Progress = Callable[[str], None]


def run_context(rundir: RunDir, state: RunState, config: ExecutorConfig, run_id: str) -> RunContext:
    """The context of a run, with the GPUs that the driver reports.

    Raises `RuntimeUnavailable` if the policy asks for more GPUs than there are, or a kept one is
    gone.
    """
    from pbt_tui.executor import gpus_in_use
    from pbt_tui.observe.nvml import devices

    found, said = gpus_in_use.samples(config.policy) if config.kind.local else (None, [])
    around = job_environment(config, state.executor, devices(found))
    handles = [job.attempts[-1].handle or "" for job in state.active.values()]
    said += gpus_in_use.told(found, around.gpus, handles)
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
        environ=around.environ,
        python=around.python,
        gpus=around.gpus,
        known=around.known,
        masked=around.masked,
        notes=(*around.notes, *said),
        forgotten=config.forget_host,
        from_scratch=config.from_scratch,
    )


def unclaimed(context: RunContext, config: ExecutorConfig) -> list[Diagnostic]:
    """A note where the run uses GPUs of this machine that it does not claim."""
    named = context.masked or config.policy.gpus is not None
    there = context.gpus and (named or any(gpu.uuid for gpu in context.gpus))
    if config.claims_gpus or not there:
        return []
    why = "`--share_gpus`" if config.policy.experiments_per_gpu >= 1 else "no slots"
    return [
        Diagnostic(
            "note", f"this run claims no GPUs ({why}): other runs may use them at the same time"
        )
    ]


def create_permits(
    context: RunContext,
    config: ExecutorConfig,
    tell: Callable[[Mapping[int, Sequence[Holder]]], None],
) -> MachinePermits | None:
    """The permits of the run; None if it claims no GPUs.

    Raises `RuntimeUnavailable` if this machine does not tell who holds its GPUs, or if one of them
    is in MIG mode.
    """
    if not config.claims_gpus:
        return None
    from pbt_tui.observe.nvml import divided

    parts = divided()
    for gpu in context.gpus:
        if gpu.uuid in parts:
            raise RuntimeUnavailable(
                f"GPU {gpu.uuid if gpu.index is None else gpu.index} is divided (MIG mode): it "
                "cannot be claimed as a whole",
                hint="list its parts, which `nvidia-smi -L` shows: `--gpus MIG-…`",
            )
    shares = config.policy.experiments_per_gpu
    return MachinePermits(context.gpus, shares, context.run_id, context.state.spec.run, tell=tell)


def launches(context: RunContext) -> Callable[[JobState, Attempt], Launch]:
    """The function that makes the launch of an attempt for the runtime."""
    prefix = len(context.state.spec.command_prefix)
    if not context.kind.plain:
        if not context.kind.has_queue:
            elsewhere = ports.set_elsewhere(context)
            return ForeignLaunches(context.rundir, context.cwd, prefix, elsewhere=elsewhere)
        goes_on = continuing.goes_on(context.state, context.rundir)
        return ForeignLaunches(context.rundir, context.cwd, prefix, drop=True, goes_on=goes_on)
    return ProcessLaunches(
        context.rundir,
        context.cwd,
        context.policy,
        context.environ,
        prefix,
        context.python,
        ports.set_elsewhere(context),
    )


def create_runtime(context: RunContext, progress: Progress = lambda line: None) -> Runtime:
    """Creates the runtime. Raises `RuntimeUnavailable` if this machine cannot provide it."""
    kind = context.kind
    runtime: Runtime = RUNTIMES.part(kind.name, kind.create)(context, progress)
    lacking = [name for name in words_of(Runtime) if not hasattr(runtime, name)]
    if lacking:
        raise BrokenKind("runtime", kind.name, kind.create, f"lacks `{'`, `'.join(lacking)}`")
    return runtime


def check_same_runtime(context: RunContext) -> None:
    """Raises `RuntimeUnavailable` if attempts are active in another runtime.

    Only the runtime that started an attempt can find it again.
    """
    last, active = context.state.executor, context.state.active
    if last is not None and active and last.runtime != context.kind.name:
        raise RuntimeUnavailable(
            f"{len(active)} attempts are active in runtime `{last.runtime}`",
            hint=f"resume with `{RUNTIMES.get(last.runtime).option}`",
        )
