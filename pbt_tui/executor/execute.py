"""MAKES IT SO: one executor from its start to its end, put together from its parts.

Must not print; it tells each durable batch to whoever listens. The order is fixed:
lock, fold, preflight, survey, `executor_started`, requests, decide.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Sequence

from msgspec import UNSET

from pbt_tui.errors import Diagnostic, Findings, RuntimeUnavailable, Where
from pbt_tui.executor import factory, interpreter, ports, signals
from pbt_tui.executor.clock import Clock
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.inbox import RequestInbox
from pbt_tui.executor.kept_settings import kept_settings
from pbt_tui.executor.loop import Diagnosis, Loop
from pbt_tui.executor.preflight import preflight
from pbt_tui.executor.reconcile import apply_reconciliation, observe_active
from pbt_tui.executor.run_dirs import OpenRun, new_run_id
from pbt_tui.executor.sampler import Sampler
from pbt_tui.journal import RunState, requests
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import JobState
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Ended, Runtime
from pbt_tui.spec import digest

ASKED_EVERY = 0.2
"""Seconds between two looks at the request folder."""

SUCCEEDED, NOT_ALL, INTERRUPTED = 0, 4, 130


Tell = Callable[[Sequence[ev.AnyEvent]], None]


def exit_code(state: RunState) -> int:
    """What `pbt-run` returns for this state."""
    if state.closed is None:
        return INTERRUPTED
    return SUCCEEDED if state.closed == "succeeded" else NOT_ALL


def execute(
    opened: OpenRun,
    config: ExecutorConfig,
    *,
    tell: Tell = lambda events: None,
    ready: Callable[[RunState], None] = lambda state: None,
    tick: Callable[[RunState], None] = lambda state: None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda found: None,
    progress: Callable[[str], None] = lambda line: None,
) -> int:
    """Runs until the run is closed or stopped; the exit code.

    `ready` is called once the run is ours (`executor_started` is durable and what was active is
    settled), `tick` after every turn, `warn` with what preflight found that is no error, `progress`
    with what takes its time before the start (an image is pulled).
    A closed run of which nothing is asked starts nothing: its code is repeated, nothing is called.
    Raises `Findings` or `RunError` before anything was started where it cannot go on.
    """
    state, rundir = opened.state, opened.rundir
    if state.closed is not None and not requests.pending(rundir):
        return exit_code(state)
    context = factory.run_context(rundir, state, config, new_run_id())
    _inspect(context, warn)
    clock, inbox = Clock(state.at), RequestInbox(rundir)
    runtime = factory.create_runtime(context, progress)
    claimed = None
    try:
        runtime.prepare([job.spec for job in state.jobs])
        _make_folders(context)
        if context.kind.local:  # elsewhere a node finds its own
            claimed = ports.claim(ports.wanted(state, context.policy), context.run_id)
        loop = Loop(
            state,
            journal=opened.journal,
            runtime=runtime,
            inbox=inbox,
            clock=clock,
            launch_of=factory.launches(context),
            diagnose=_diagnose(opened),
            tell=tell,
        )
        with signals.caught(inbox.signal, detached=config.detached) as signal_fd:
            seen = observe_active(loop)
            now = clock.now()
            if opened.is_new:
                loop.record(_run_opened(context), now)
            loop.record(_executor_started(context, runtime, claimed), now)
            loop.commit()
            apply_reconciliation(loop, seen, now)
            loop.refuse_old_stops()
            ready(state)
            watching = Sampler(state, rundir)
            watching.start()
            try:
                _drive(loop, runtime, clock, signal_fd, tick)
            finally:
                watching.stop()
    finally:
        runtime.close()
        if claimed is not None:
            claimed.close()
    return exit_code(state)


def _inspect(context: RunContext, warn: Callable[[Sequence[Diagnostic]], None]) -> None:
    """What would go wrong on this machine is said now, and nothing is started."""
    found = look_ahead(context)
    if any(d.level == "error" for d in found):
        raise Findings(found, RuntimeUnavailable.exit_code)
    warn(found)
    factory.check_same_runtime(context)


def look_ahead(context: RunContext) -> list[Diagnostic]:
    return preflight(
        context.state.spec,
        context.state,
        context.policy,
        context.gpus,
        cwd=context.cwd,
        train_dir=context.train_dir,
        plain=context.kind.plain,
    )


def _drive(
    loop: Loop,
    runtime: Runtime,
    clock: Clock,
    signal_fd: int,
    tick: Callable[[RunState], None],
) -> None:
    poller = select.poll()
    poller.register(runtime.fileno(), select.POLLIN)
    poller.register(signal_fd, select.POLLIN)
    while True:
        more = loop.turn()
        tick(loop.state)
        if more:
            continue
        if loop.finished:
            return
        wait = ASKED_EVERY
        due = loop.wait_until()
        if due is not None:
            wait = min(wait, due - clock.now())
        own = runtime.next_wake()
        if own is not None:
            wait = min(wait, own - time.monotonic())
        # Rounded up: a turn before the deadline would find nothing and come round again.
        poller.poll(max(int(wait * 1000) + 1, 0))
        signals.drain(signal_fd)


def _run_opened(context: RunContext) -> ev.RunOpened:
    return ev.RunOpened(
        format=ev.FORMAT,
        run_id=context.run_id,
        run=context.state.spec.run,
        cwd=str(context.cwd),
        train_dir=str(context.train_dir),
        digest=digest(context.state.spec),
    )


def _executor_started(
    context: RunContext, runtime: Runtime, claimed: ports.PortRange | None
) -> ev.ExecutorStarted:
    kind = context.kind
    return ev.ExecutorStarted(
        pid=os.getpid(),
        host=socket.gethostname(),
        boot_id=proc.boot_id(),
        runtime=kind.name,
        gpus=context.gpus,
        policy=context.policy,
        container=context.container,
        interpreter=interpreter.interpreter(context.environ) if kind.plain else None,
        engine_id=runtime.engine_id or None,
        image_digest=runtime.image_digest,
        **kept_settings(context.settings, kind),
        ports=UNSET if claimed is None else claimed.ends,
    )


def _make_folders(context: RunContext) -> None:
    """`<train_dir>/<dir>` of every job: the original made them, trainers count on it."""
    for folder in sorted({job.spec.dir for job in context.state.jobs if job.spec.dir}):
        path = context.train_dir / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise RuntimeUnavailable(
                f"cannot make the folder of a job: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(path)),
            ) from e


def _diagnose(opened: OpenRun) -> Callable[[JobState, Ended], Diagnosis]:
    def diagnose(job: JobState, fact: Ended) -> Diagnosis:
        from pbt_tui.observe.causes import diagnose as look

        log = opened.rundir.log(job.spec.id, fact.attempt)
        found = look(log, fact.exit_code, fact.signal)
        return found.cause, found.detail, found.line

    return diagnose
