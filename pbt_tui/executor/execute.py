"""Runs one executor from its start to its end, and connects its parts.

Must not print: each durable batch of events goes to a callback. The order is fixed: lock, fold,
preflight, survey, `executor_started`, requests, decide.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Sequence

from msgspec import UNSET

from pbt_tui.errors import (
    Diagnostic,
    Findings,
    RunError,
    RuntimeUnavailable,
    Where,
    command,
    printable,
)
from pbt_tui.executor import continuing, factory, interpreter, ports, signals
from pbt_tui.executor.clock import Clock
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.holder_report import HolderReport
from pbt_tui.executor.inbox import RequestInbox
from pbt_tui.executor.kept_settings import kept_settings
from pbt_tui.executor.loop import Diagnosis, Loop
from pbt_tui.executor.permits import NO_PERMITS
from pbt_tui.executor.preflight import preflight
from pbt_tui.executor.reader_threads import ReaderThreads
from pbt_tui.executor.reconcile import (
    apply_reconciliation,
    observe_active,
    require_attempt_files,
)
from pbt_tui.executor.run_dirs import OpenRun, new_run_id
from pbt_tui.executor.sampler import Sampler
from pbt_tui.executor.trackers import trackers
from pbt_tui.files import folders
from pbt_tui.files.folder_time import time_of
from pbt_tui.journal import RunDir, RunState, requests, slots
from pbt_tui.journal import events as ev
from pbt_tui.journal.garbage import leaving_out_old
from pbt_tui.journal.state import JobState
from pbt_tui.observe.progress import BestObjective
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Ended, Runtime, StartsWaiting
from pbt_tui.scheduler.drains import drained_texts, starved
from pbt_tui.spec import digest

REQUEST_INTERVAL = 0.2
"""Seconds between two reads of the request folder."""
CHECK_INTERVAL = 1.0
"""Seconds between two looks whether this executor still has the run."""

SUCCEEDED, NOT_ALL, INTERRUPTED = 0, 4, 130


Tell = Callable[[Sequence[ev.AnyEvent]], None]


def exit_code(state: RunState) -> int:
    """The exit code of `pbt-run` for this state."""
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
    trouble: Callable[[str], None] = lambda line: None,
    waits: Callable[[str], None] = lambda line: None,
    best: Callable[[BestObjective], None] = lambda found: None,
) -> int:
    """Executes until the run is closed or stopped; returns the exit code.

    A closed run without a pending request starts nothing: its exit code is returned, and no
    callback is called.

    Args:
        opened: The run directory, locked and folded.
        config: The effective settings.
        tell: Called with each durable batch of events.
        ready: Called once this executor owns the run: `executor_started` is durable, and every
            attempt that was active before is reconciled.
        tick: Called after every turn of the event loop.
        warn: Called with the warnings of preflight.
        progress: Called with steps that take long before the start, such as pulling an image.
        trouble: Called with what the sampler could not sample; the run goes on.
        waits: Called with each GPU that the run has to wait for, and who holds it.
        best: Called with the best objective of the executors before, if there is one, and then
            with each better one.

    Raises:
        Findings: Preflight found errors; nothing was started.
        RunError: The run cannot go on; nothing was started.
    """
    state, rundir = opened.state, opened.rundir
    if state.closed is not None and not requests.pending(rundir):
        return exit_code(state)
    context = factory.run_context(rundir, state, config, new_run_id())
    _inspect(context, warn)
    warn(factory.unclaimed(context, config))
    if not opened.journal.exclusive:
        warn([_no_byte_locks(rundir)])
    require_attempt_files(rundir, state)
    opened.journal.watch(rundir.attempts)
    permits = factory.create_permits(context, config, HolderReport(context, waits).tell)
    clock, inbox = Clock(state.at), RequestInbox(rundir, opened.trust)
    runtime = factory.create_runtime(context, progress)
    claimed = reader = None
    try:
        runtime.prepare([job.spec for job in state.jobs])
        _make_folders(context)
        if context.kind.local:  # elsewhere a node finds its own
            claimed = ports.claim_for(context)
        if continuing.continued(state.spec):
            reader = ReaderThreads(state, rundir)
        loop = Loop(
            state,
            journal=opened.journal,
            runtime=runtime,
            inbox=inbox,
            clock=clock,
            launch_of=factory.launches(context),
            diagnose=_diagnose(opened),
            tell=tell,
            asker=reader or continuing.NO_ASKER,
            permits=permits or NO_PERMITS,
            trackers=trackers(context, asked=config.resume_trackers),
            start_waiting=runtime.start_waiting if isinstance(runtime, StartsWaiting) else None,
        )
        with signals.caught(inbox.signal) as signal_fd:
            seen = observe_active(loop)
            now = clock.now()
            if opened.is_new:
                loop.record(_run_opened(context, opened.journal.inode), now)
            loop.record(_executor_started(context, opened, runtime, claimed), now)
            loop.commit()
            apply_reconciliation(loop, seen, now)
            loop.refuse_old_stops()
            ready(state)
            sampler = Sampler(state, rundir)
            sampler.start()

            def tell_problems() -> None:
                for line in sampler.problems():
                    trouble(line)

            def turned(state: RunState) -> None:
                tell_problems()
                for found in sampler.bests():
                    best(found)
                tick(state)
                _refuse_starved(state, rundir)

            try:
                sources = (runtime, reader, permits)
                awake = [s.fileno() for s in sources if s is not None] + [signal_fd]
                with leaving_out_old():
                    _drive(loop, runtime, clock, awake, turned, opened.journal.check)
            except RunError:
                opened.journal.check()  # the whole run directory may be gone, not only one file
                raise
            finally:
                sampler.stop()
            tell_problems()
    finally:
        runtime.close()
        if reader is not None:
            reader.close()
        if claimed is not None:
            claimed.close()
        if permits is not None:
            permits.close()
    return exit_code(state)


def _inspect(context: RunContext, warn: Callable[[Sequence[Diagnostic]], None]) -> None:
    """Raises the errors that this machine would cause, before anything is started."""
    found = look_ahead(context)
    if any(d.level == "error" for d in found):
        # Notes say what jobs keep, and no job is started.
        told = [d for d in found if d.level != "note"]
        raise Findings(told, RuntimeUnavailable.exit_code)
    warn(found)
    factory.check_same_runtime(context)


def _no_byte_locks(rundir: RunDir) -> Diagnostic:
    return Diagnostic(
        "warning",
        "this file system has no open file description locks: only the file `lock` keeps a second "
        "executor away",
        where=Where(file=str(rundir.path)),
        hint="do not remove `lock` while the run is executed",
    )


def _refuse_starved(state: RunState, rundir: RunDir) -> None:
    """Raises `RuntimeUnavailable` if drained GPUs keep all that waits from starting."""
    if starved(state):
        gpus = ",".join(slots.shown(gpu) for gpu in state.slots.gpus if state.slots.is_drained(gpu))
        again = command("pbt-run", rundir.path, "--undrain", gpus)
        raise RuntimeUnavailable(
            "nothing that waits fits the GPUs that are left: "
            + printable("; ".join(drained_texts(state))),
            hint=f"to use them again: `{again}`; others: `--gpus LIST`",
        )


def look_ahead(context: RunContext) -> list[Diagnostic]:
    """The findings of preflight."""
    found = preflight(
        context.state.spec,
        context.state,
        context.policy,
        context.gpus,
        cwd=context.cwd,
        train_dir=context.train_dir,
        plain=context.kind.plain,
        environ=context.environ,
        python=context.python,
        from_scratch=context.from_scratch,
    )
    return [*found, *context.notes]


def _drive(
    loop: Loop,
    runtime: Runtime,
    clock: Clock,
    awake: Sequence[int],
    tick: Callable[[RunState], None],
    check: Callable[[], None],
) -> None:
    """Takes turns until nothing is left to do.

    Any descriptor of `awake` wakes the loop; the last one is that of signals.
    """
    poller = select.poll()
    for fd in awake:
        poller.register(fd, select.POLLIN)
    check_at = 0.0
    while True:
        # Each append checks, too, but a run may have nothing to append for days.
        if time.monotonic() >= check_at:
            check()
            check_at = time.monotonic() + CHECK_INTERVAL
        more = loop.turn()
        tick(loop.state)
        if loop.finished:
            if more:  # one look more: a request may have come meanwhile
                continue
            return
        if loop.has_refused:
            continue
        wait = REQUEST_INTERVAL
        due = loop.wait_until()
        if due is not None:
            wait = min(wait, due - clock.now())
        own = runtime.next_wake()
        if own is not None:
            wait = min(wait, own - time.monotonic())
        # Rounded up: a turn before the deadline would find nothing to do.
        awoken = poller.poll(max(int(wait * 1000) + 1, 0))
        if any(fd == awake[-1] for fd, _ in awoken):
            signals.drain(awake[-1])


def _run_opened(context: RunContext, inode: int) -> ev.RunOpened:
    return ev.RunOpened(
        format=ev.FORMAT,
        run_id=context.run_id,
        run=context.state.spec.run,
        cwd=str(context.cwd),
        train_dir=str(context.train_dir),
        digest=digest(context.state.spec),
        inode=inode,
    )


def _executor_started(
    context: RunContext, opened: OpenRun, runtime: Runtime, claimed: ports.PortRange | None
) -> ev.ExecutorStarted:
    kind = context.kind
    inode = opened.journal.inode
    is_new = inode != context.state.inode
    files_at = time_of(opened.rundir.path) if is_new else None
    return ev.ExecutorStarted(
        pid=os.getpid(),
        host=socket.gethostname(),
        boot_id=proc.boot_id(),
        runtime=kind.name,
        gpus=context.gpus,
        policy=context.policy,
        container=context.container,
        interpreter=_interpreter(context),
        engine_id=runtime.engine_id or None,
        image_digest=runtime.image_digest,
        **kept_settings(context.settings, kind),
        ports=UNSET if claimed is None else claimed.ends,
        inode=inode if is_new else UNSET,
        masked=context.masked or UNSET,
        continues=continuing.continued(context.state.spec) or UNSET,
        files_at=UNSET if files_at is None else files_at,
    )


def _interpreter(context: RunContext) -> str | None:
    if not context.kind.plain:
        return None
    return context.python or interpreter.interpreter(context.environ)


def _make_folders(context: RunContext) -> None:
    """Creates `<train_dir>/<dir>` of every job, as upstream does: trainers rely on it."""
    for folder in sorted({job.spec.dir for job in context.state.jobs if job.spec.dir}):
        path = context.train_dir / folder
        try:
            folders.make_all(path)
        except OSError as e:
            raise RuntimeUnavailable(
                f"cannot create the folder of a job: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(path)),
            ) from e


def _diagnose(opened: OpenRun) -> Callable[[JobState, Ended], Diagnosis]:
    def diagnose(job: JobState, fact: Ended) -> Diagnosis:
        from pbt_tui.observe.causes import diagnose as look

        log = opened.rundir.log(job.spec.id, fact.attempt)
        found = look(log, fact.exit_code, fact.signal)
        return found.cause, found.detail, found.line

    return diagnose
