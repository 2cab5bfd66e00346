"""MAKES IT SO: one executor from its start to its end, put together from its parts.

Must not print; it tells each durable batch to whoever listens. The order is fixed (`core.md` 4):
lock, fold, preflight, `executor_started`, survey, requests, decide.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.errors import Diagnostic, Findings, RuntimeUnavailable, Where
from pbt_tui.executor import gpus as gpu_list
from pbt_tui.executor import interpreter, signals
from pbt_tui.executor.clock import Clock
from pbt_tui.executor.desk import Desk
from pbt_tui.executor.launching import ProcessLaunches
from pbt_tui.executor.loop import Diagnosis, Loop
from pbt_tui.executor.preflight import preflight
from pbt_tui.executor.resume import resume
from pbt_tui.executor.rundirs import Opened, mint
from pbt_tui.executor.runtimes import Ended, proc
from pbt_tui.executor.runtimes.process import ProcessRuntime
from pbt_tui.executor.watching import Watching
from pbt_tui.journal import RunState, requests
from pbt_tui.journal import events as ev
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import JobState
from pbt_tui.spec import Container, Policy, digest

ASKED_EVERY = 0.2
"""Seconds between two looks at the request folder."""

SUCCEEDED, NOT_ALL, INTERRUPTED = 0, 4, 130


@dataclass(frozen=True, slots=True)
class Orders:
    """How this executor is to go about it; the rest is in the run directory."""

    policy: Policy
    container: Container | None
    cwd: Path
    """Of a run that is new; a resumed one keeps its own."""
    train_dir: Path
    detached: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


Tell = Callable[[Sequence[ev.AnyEvent]], None]


def effective_policy(state: RunState, given: Mapping[str, Any], policy: Policy | None) -> Policy:
    """Flag over spec over default; a resumed directory without a spec keeps what it had."""
    before = state.executor.policy if state.executor and policy is None else policy
    return msgspec.structs.replace(before or state.spec.policy, **given)


def exit_code(state: RunState) -> int:
    """What `pbt-run` returns for this state (DESIGN 6.5)."""
    if state.closed is None:
        return INTERRUPTED
    return SUCCEEDED if state.closed == "succeeded" else NOT_ALL


def execute(
    opened: Opened,
    orders: Orders,
    *,
    tell: Tell = lambda events: None,
    ready: Callable[[RunState], None] = lambda state: None,
    tick: Callable[[RunState], None] = lambda state: None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda found: None,
) -> int:
    """Runs until the run is closed or stopped; the exit code.

    `ready` is called once the run is ours (`executor_started` is durable and what was active is
    settled), `tick` after every turn, `warn` with what preflight found that is no error.
    A closed run of which nothing is asked starts nothing: its code is repeated, nothing is called.
    Raises `Findings` or `RunError` before anything was started where it cannot go on.
    """
    state, rundir = opened.state, opened.rundir
    if state.closed is not None and not requests.pending(rundir):
        return exit_code(state)
    cwd = Path(state.cwd) if state.cwd else orders.cwd
    train_dir = Path(state.train_dir) if state.train_dir else orders.train_dir
    devices, _ = choose_gpus(orders.policy, orders.environ)
    found = preflight(opened.spec, state, orders.policy, devices, cwd=cwd, train_dir=train_dir)
    errors = [d for d in found if d.level == "error"]
    if errors:
        raise Findings(found, RuntimeUnavailable.exit_code)
    warn(found)
    _same_place(state)
    environ = dict(orders.environ)
    clock, desk = Clock(state.at), Desk(rundir)
    runtime = ProcessRuntime(rundir, environ=environ, elsewhere=_elsewhere(state))
    try:
        runtime.prepare([job.spec for job in state.jobs])
        _make_folders(opened, train_dir)
        loop = Loop(
            state,
            journal=opened.journal,
            runtime=runtime,
            desk=desk,
            clock=clock,
            launch_of=ProcessLaunches(rundir, cwd, orders.policy, environ),
            diagnose=_diagnose(opened),
            tell=tell,
        )
        with signals.caught(desk.signal, detached=orders.detached) as heard:
            now = clock.now()
            if opened.is_new:
                loop.record(_run_opened(opened, cwd, train_dir), now)
            loop.record(_executor_started(orders, devices), now)
            loop.commit()
            resume(loop, now)
            loop.refuse_old_stops()
            ready(state)
            watching = Watching(state, rundir)
            watching.start()
            try:
                _drive(loop, runtime, clock, heard, tick)
            finally:
                watching.stop()
    finally:
        runtime.close()
    return exit_code(state)


def choose_gpus(policy: Policy, environ: Mapping[str, str]) -> tuple[tuple[Gpu, ...], bool]:
    """The list that jobs may use, and whether it is known; asks the driver what there is."""
    from pbt_tui.observe.gpus import devices

    return gpu_list.choose(policy, environ, devices())


def _drive(
    loop: Loop,
    runtime: ProcessRuntime,
    clock: Clock,
    heard: int,
    tick: Callable[[RunState], None],
) -> None:
    poller = select.poll()
    poller.register(runtime.fileno(), select.POLLIN)
    poller.register(heard, select.POLLIN)
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
        signals.drain(heard)


def _run_opened(opened: Opened, cwd: Path, train_dir: Path) -> ev.RunOpened:
    return ev.RunOpened(
        format=ev.FORMAT,
        run_id=mint(),
        run=opened.spec.run,
        cwd=str(cwd),
        train_dir=str(train_dir),
        digest=digest(opened.spec),
    )


def _executor_started(orders: Orders, devices: tuple[Gpu, ...]) -> ev.ExecutorStarted:
    return ev.ExecutorStarted(
        pid=os.getpid(),
        host=socket.gethostname(),
        boot_id=proc.boot_id(),
        runtime="process",
        gpus=devices,
        policy=orders.policy,
        container=orders.container,
        interpreter=interpreter.interpreter(orders.environ),
    )


def _elsewhere(state: RunState) -> str | None:
    """The host of the last executor, where that is not this one."""
    last = state.executor
    if last is None or last.host == socket.gethostname():
        return None
    return f"host `{last.host}`"


def _same_place(state: RunState) -> None:
    if state.executor is not None and state.active and state.executor.runtime != "process":
        raise RuntimeUnavailable(
            f"{len(state.active)} attempts are active in runtime `{state.executor.runtime}`",
            hint=f"resume with `--runtime {state.executor.runtime}`",
        )


def _make_folders(opened: Opened, train_dir: Path) -> None:
    """`<train_dir>/<dir>` of every job: the original made them, trainers count on it."""
    for folder in sorted({job.spec.dir for job in opened.state.jobs if job.spec.dir}):
        path = train_dir / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise RuntimeUnavailable(
                f"cannot make the folder of a job: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(path)),
            ) from e


def _diagnose(opened: Opened) -> Callable[[JobState, Ended], Diagnosis]:
    def diagnose(job: JobState, fact: Ended) -> Diagnosis:
        from pbt_tui.observe.causes import diagnose as look

        log = opened.rundir.log(job.spec.id, fact.attempt)
        found = look(log, fact.exit_code, fact.signal)
        return found.cause, found.detail, found.line

    return diagnose
